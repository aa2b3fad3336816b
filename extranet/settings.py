"""The one settings file: everything comes from the environment (env.py) and runs with nothing set."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url

from extranet.env import Env

EXTRANET = Env()
DEMO = EXTRANET.demo
HERE = Path(__file__).parent


def _secret_key() -> str:
    file = EXTRANET.key_file("secret")
    if EXTRANET.secret_key:
        return EXTRANET.secret_key
    return file.read_text().strip() if file.exists() else "before-init-nothing-is-signed-with-this-" + "x" * 24


SECRET_KEY = _secret_key()
DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"  # moments are UTC; days are computed in the zone of the profile (policy.py)
LANGUAGE_CODE = "en-us"
USE_I18N = True  # days and months in mails follow their reader (profile/words.py); pages stay in LANGUAGE_CODE
ROOT_URLCONF = "extranet.urls"
WSGI_APPLICATION = "extranet.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "credentials.Account"
APPEND_SLASH = False

HTTPS = EXTRANET.portal.startswith("https://")
_hosts = {urlsplit(EXTRANET.portal).hostname or "localhost", urlsplit(EXTRANET.reset).hostname or "localhost"}
ALLOWED_HOSTS = sorted(_hosts | {"localhost", "127.0.0.1"}) if not HTTPS else sorted(_hosts)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_tasks",
    "django_tasks_db",
    "extranet.profile",
    "extranet.keyring",
    "extranet.audit",
    "extranet.jobs",
    "extranet.mail",
    "extranet.agents",
    "extranet.credentials",
    "extranet.reports",
    "extranet.service_center",
    "extranet.web",
    "extranet.demo",
]

MIDDLEWARE = [
    "extranet.web.headers.SecurityHeaders",
    "extranet.web.hosts.HostMiddleware",
    "extranet.web.methods.MethodMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "extranet.web.csrf.OwnFormsMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "extranet.web.away.StoreAwayMiddleware",
    "extranet.web.access.AccessMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "extranet.profile.context.exchange",
                "extranet.web.frame.frame",
            ],
        },
    },
]

DATABASES = {"default": dj_database_url.parse(EXTRANET.database, conn_max_age=600, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Several processes write (web, worker, command line): every write transaction takes the lock at once
    # and waits for it, instead of failing when it upgrades. FULL: a commit survives a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }

_hashers = {
    "argon2id": "extranet.credentials.hashing.Argon2Hasher",
    "pbkdf2": "extranet.credentials.hashing.Pbkdf2Hasher",
}
PASSWORD_HASHERS = sorted(
    _hashers.values(), key=lambda path: path != _hashers[EXTRANET.password_hash]
)  # first: in force
RELEASE_JUDGE = "extranet.credentials.api_tokens.why_not_vouched"  # asked again before a release that came with a file
AUTHENTICATION_BACKENDS = ["extranet.credentials.sessions.GateBackend"]
SESSION_ENGINE = "extranet.credentials.session_store"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would log out an agent who follows the link of a mail
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # its cookie would be bound to no host
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [f"{part.scheme}://{part.netloc}" for part in map(urlsplit, (EXTRANET.portal, EXTRANET.reset))]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # its cookie cannot be bound to the host
CSRF_FAILURE_VIEW = "extranet.web.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS  # what lies below the portal's own name is the portal's
LOGIN_URL = "/login/"
X_FRAME_OPTIONS = "DENY"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

ACCOUNT_USER_MODEL_EMAIL_FIELD = None  # accounts have no address of their own: agents' stand in the roster
MFA_ADAPTER = "extranet.credentials.second_factor.SealedMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

STATIC_URL = "/static/"
STATIC_ROOT = EXTRANET.folder / "static"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder", "extranet.web.static.ProfileFiles"]
WHITENOISE_ALLOW_ALL_ORIGINS = False  # style sheets and scripts are for our own pages
WHITENOISE_USE_FINDERS = True  # what was not collected yet is served under its plain name, so no page stands bare
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # no upload ever touches the disk in clear
    "staticfiles": {"BACKEND": "extranet.web.static.HashedStatic"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING_CONFIG = None  # set by cli and wsgi through extranet.jobs.logs
TESTING = "pytest" in sys.modules
