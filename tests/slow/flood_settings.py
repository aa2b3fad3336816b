"""The real settings with a minimal hashing cost: what is tried here is the link, not the processor."""

from extranet.settings import *  # noqa: F403

PASSWORD_HASHERS = ["extranet.credentials.hashing.CheapArgon2Hasher"]
