"""The cookies of the reset site: which browser asked, which may see the new password again, which the secured mail."""

import re
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from extranet.profile.in_force import policy
from extranet.vault.tokens import new_token
from extranet.web.cookies import cookie_name, set_cookie

BROWSER_COOKIE, SHOWN_COOKIE = cookie_name("reset"), cookie_name("reset-shown")
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
    return set_cookie(response, BROWSER_COOKIE, token, seconds=policy().reset_link_minutes * 60)


def remember_shown(response: HttpResponse, token: str) -> HttpResponse:
    return set_cookie(response, SHOWN_COOKIE, token, seconds=policy().shown_password_minutes * 60)


def letter_token(request: HttpRequest, held_id: UUID) -> str:
    return _read(request, _letter_cookie(held_id))


def remember_letter(response: HttpResponse, held_id: UUID, token: str) -> HttpResponse:
    """One a letter, by its name: reading another must not end the first. Each is gone after some minutes."""
    return set_cookie(response, _letter_cookie(held_id), token, seconds=policy().shown_password_minutes * 60)


def _letter_cookie(held_id: UUID) -> str:
    """Not by path: names that begin with __Host- want the path /."""
    return cookie_name(f"secured-shown-{held_id.hex}")


def _read(request: HttpRequest, name: str) -> str:
    value = request.COOKIES.get(name, "")
    return value if _TOKEN.fullmatch(value) else ""
