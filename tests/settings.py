"""Settings of the tests: the real ones over a throw-away data folder, with a minimal hashing cost.

EXTRANET_TEST_DATABASE=postgres runs the same suite on a real PostgreSQL (embedded wheel, started by conftest.py).
"""

import base64
import os
import tempfile

_folder = tempfile.mkdtemp(prefix="extranet-test-")
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

from extranet.settings import *  # noqa: E402, F403 -- the environment must stand first
from extranet.settings import STORAGES as _STORAGES  # noqa: E402

TEST_FOLDER = _folder
ALLOWED_HOSTS = ["portal.test", "reset.test", "testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["extranet.credentials.hashing.CheapArgon2Hasher"]
STORAGES = {**_STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
WHITENOISE_USE_FINDERS = False  # else every test client walks all static files
STATIC_ROOT = os.path.join(_folder, "static")
os.mkdir(STATIC_ROOT)  # WhiteNoise warns where it is missing, and warnings are errors here
