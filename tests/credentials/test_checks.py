"""Settings that would break a promise stop every command."""

import pytest
from pytest_django import Settings

from extranet.credentials.checks import check_sign_in


def test_the_settings_in_force_pass() -> None:
    assert check_sign_in() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_SERIALIZER", "django.contrib.sessions.serializers.PickleSerializer"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies"),
        ("AUTHENTICATION_BACKENDS", ["django.contrib.auth.backends.ModelBackend"]),
        ("PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"]),
        ("SESSION_COOKIE_HTTPONLY", False),
    ],
)
def test_another_value_is_an_error_by_name(settings: Settings, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert [name in str(fault.msg) for fault in check_sign_in()] == [True]
