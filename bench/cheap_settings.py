"""The settings of the site with the least hashing cost and no waiting for the disk: for counting, not for measuring."""

from extranet.settings import *  # noqa: F403
from extranet.settings import DATABASES

PASSWORD_HASHERS = ["extranet.credentials.hashing.CheapArgon2Hasher"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
    )
