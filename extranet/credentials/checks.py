"""System checks: settings without which the promises of this package do not hold. They stop every command."""

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import get_hasher
from django.core.checks import CheckMessage, Error

JSON = "django.contrib.sessions.serializers.JSONSerializer"
DATABASE = "extranet.credentials.session_store"
HASHES = ("argon2", "pbkdf2_sha256")
BACKEND = "extranet.credentials.sessions.GateBackend"


def check_sign_in(**_: Any) -> list[CheckMessage]:
    """Sessions where they can be ended and never unpickled, one way in, passwords under a slow hash."""
    wrong = {
        "SESSION_SERIALIZER": settings.SESSION_SERIALIZER != JSON,
        "SESSION_ENGINE": settings.SESSION_ENGINE != DATABASE,
        "AUTHENTICATION_BACKENDS": list(settings.AUTHENTICATION_BACKENDS) != [BACKEND],
        "PASSWORD_HASHERS": get_hasher().algorithm not in HASHES,
        "SESSION_COOKIE_HTTPONLY": not settings.SESSION_COOKIE_HTTPONLY,
    }
    hint = "Take the value of extranet/settings.py; it is not a matter of taste."
    return [
        Error(f"{name} would break the promises of signing in.", hint=hint, id=f"credentials.E00{number}")
        for number, (name, bad) in enumerate(wrong.items(), start=1)
        if bad
    ]
