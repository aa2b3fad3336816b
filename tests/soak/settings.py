"""The real settings with a minimal hashing cost and no waiting for the disk: what is tried is mail, not the machine.

A killed process loses nothing by ``synchronous=OFF``: the pages are the kernel's by then. Only a power cut would.
"""

from extranet.settings import *  # noqa: F403
from extranet.settings import DATABASES as _DATABASES

PASSWORD_HASHERS = ["extranet.credentials.hashing.CheapArgon2Hasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if _DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    _DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
    )
