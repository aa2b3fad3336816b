"""The one way to set a cookie: bound to its host, out of the reach of scripts, and under https only where the site is.

Django's own two (session, form token) get the same from settings.py. A test lists all that any answer sets.
"""

from typing import TypeVar

from django.conf import settings
from django.http.response import HttpResponseBase

Response = TypeVar("Response", bound=HttpResponseBase)


def cookie_name(name: str) -> str:
    """With the prefix that makes browsers refuse it from other hosts, from plain http and with a Domain."""
    return f"__Host-{name}" if settings.HTTPS else name


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> Response:
    """Lax, so that the browser brings it along when its person follows the link in a mail."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=settings.HTTPS, httponly=True, samesite="Lax")
    return response
