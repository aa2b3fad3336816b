"""Cookies of a real site, which is served by https: the settings are read when a process begins, so one begins here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = ("EXTRANET_SECRET_KEY", "EXTRANET_MASTER_KEY", "EXTRANET_SIGNING_KEY", "PATH")
ASKS = """
import json, django
django.setup()
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from extranet.web.entering import remember_device
from extranet.web.reset_site.cookies import remember_browser, remember_shown
page = Client().get("/health/live", headers={"host": "portal.example.org"})
made = remember_shown(remember_browser(remember_device(HttpResponse(), "t"), "t"), "t").cookies
words = ("samesite", "path", "domain")
facts = {n: [bool(c["secure"]), bool(c["httponly"]), *(c[word] for word in words)] for n, c in made.items()}
print(json.dumps({
    "session": settings.SESSION_COOKIE_NAME, "csrf": settings.CSRF_COOKIE_NAME,
    "flags": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE,
              settings.CSRF_COOKIE_SECURE, settings.CSRF_COOKIE_HTTPONLY, settings.SESSION_COOKIE_DOMAIN],
    "cookies": facts, "hsts": page.headers.get("Strict-Transport-Security"), "hosts": settings.ALLOWED_HOSTS,
    "messages": settings.MESSAGE_STORAGE.rpartition(".")[2],
    "strange": Client().get("/health/live", headers={"host": "localhost"}).status_code,
}))
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder: Path = tmp_path_factory.mktemp("https")
    env = {name: os.environ[name] for name in KEYS} | {
        "EXTRANET_DATA_DIR": str(folder),
        "EXTRANET_BASE_URL": "https://portal.example.org",
        "EXTRANET_RESET_URL": "https://reset.example.org",
        "EXTRANET_EMAIL_URL": "folder:",
        "DJANGO_SETTINGS_MODULE": "extranet.settings",
    }
    ended = subprocess.run(
        [sys.executable, "-c", ASKS], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, object] = json.loads(ended.stdout)
    return answer


def test_every_cookie_is_bound_to_its_host_secure_and_out_of_the_reach_of_scripts(asked: dict[str, object]) -> None:
    assert (asked["session"], asked["csrf"]) == ("__Host-session", "__Host-csrf")
    assert asked["flags"] == [True, True, "Lax", True, True, None]
    bound = [True, True, "Lax", "/", ""]
    assert asked["cookies"] == {"__Host-device": bound, "__Host-reset": bound, "__Host-reset-shown": bound}


def test_what_is_said_on_the_next_page_waits_in_the_session_and_in_no_cookie(asked: dict[str, object]) -> None:
    """A cookie of Django's for it has a name that is bound to no host, and lets whoever has the browser read it."""
    assert asked["messages"] == "SessionStorage"


def test_browsers_are_told_to_stay_with_https_and_other_names_get_no_page(asked: dict[str, object]) -> None:
    assert asked["hsts"] == "max-age=31536000; includeSubDomains"
    assert asked["hosts"] == ["portal.example.org", "reset.example.org"]
    assert asked["strange"] == 400
