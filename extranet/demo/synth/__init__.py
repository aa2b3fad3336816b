"""An exchange that does not exist, as the files that a real one would send (docs/reference/synthetic-data.md)."""

from extranet.demo.synth.write import SynthRefused, Written, WrittenWeek, small_exchange, write_exchange

__all__ = ["SynthRefused", "Written", "WrittenWeek", "small_exchange", "write_exchange"]
