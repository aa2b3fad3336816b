"""Settings of the tests: the real ones over a throw-away data folder, with a minimal hashing cost.

``python -m tests.postgres pytest`` runs what touches the database on real PostgreSQL servers (embedded wheel), one a
test process.
"""

import atexit
import base64
import os
import shutil
import tempfile
from pathlib import Path

_folder = tempfile.mkdtemp(prefix="extranet-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
_key = base64.b64encode(bytes(range(32))).decode()
os.environ.update(
    EXTRANET_DATA_DIR=_folder,
    EXTRANET_SECRET_KEY="only-for-tests-" + "x" * 40,
    EXTRANET_MASTER_KEY=_key,
    EXTRANET_SIGNING_KEY=_key,
    EXTRANET_BASE_URL="http://portal.test",
    EXTRANET_RESET_URL="http://reset.test",
    EXTRANET_EMAIL_URL="folder:",
)

if _servers := os.environ.get("POSTGRES_FOR_TESTS", "").split():
    _worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["EXTRANET_DATABASE_URL"] = _servers[_worker % len(_servers)]

from extranet.settings import *  # noqa: E402, F403 -- the environment must stand first
from extranet.settings import DATABASES as _DATABASES  # noqa: E402
from extranet.settings import STORAGES as _STORAGES  # noqa: E402

TEST_FOLDER = _folder
ALLOWED_HOSTS = ["portal.test", "reset.test", "testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = [f"extranet.credentials.hashing.Cheap{name}Hasher" for name in ("Argon2", "Pbkdf2")]
STORAGES = {**_STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
if _DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file: in memory, threads share one cache, and a second writer fails at once instead of waiting its turn.
    _DATABASES["default"]["TEST"] = {"NAME": os.path.join(_folder, "test.sqlite3")}
    _DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"  # no test cuts the power
    )
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
WHITENOISE_USE_FINDERS = False  # else every test client walks all static files
STATIC_ROOT = Path(_folder, "static")
STATIC_ROOT.mkdir()  # WhiteNoise warns where it is missing, and warnings are errors here
