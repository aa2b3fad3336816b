"""The API for programs of the exchange: the acts of publishers, said in JSON. Owns no tables."""
