"""The two cookies of the reset site: which browser asked, and which one may see the new password again."""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from extranet.profile.in_force import policy
from extranet.vault.tokens import new_token

_PREFIX = "__Host-" if settings.HTTPS else ""
BROWSER_COOKIE, SHOWN_COOKIE = f"{_PREFIX}reset", f"{_PREFIX}reset-shown"
_TOKEN = re.compile(r"[a-z2-7]{32}", re.ASCII)


def browser_token(request: HttpRequest) -> str:
    """The secret of this browser, blank if it never asked."""
    return _read(request, BROWSER_COOKIE)


def browser_token_or_new(request: HttpRequest) -> str:
    return browser_token(request) or new_token()


def shown_token(request: HttpRequest) -> str:
    return _read(request, SHOWN_COOKIE)


def remember_browser(response: HttpResponse, token: str) -> HttpResponse:
    """For as long as a link lives that is asked for now."""
    return _set(response, BROWSER_COOKIE, token, policy().reset_link_minutes)


def remember_shown(response: HttpResponse, token: str) -> HttpResponse:
    return _set(response, SHOWN_COOKIE, token, policy().shown_password_minutes)


def _read(request: HttpRequest, name: str) -> str:
    value = request.COOKIES.get(name, "")
    return value if _TOKEN.fullmatch(value) else ""


def _set(response: HttpResponse, name: str, value: str, minutes: int) -> HttpResponse:
    """Lax, so that the browser brings it along when its person follows the link in the mail."""
    response.set_cookie(name, value, max_age=minutes * 60, secure=settings.HTTPS, httponly=True, samesite="Lax")
    return response
