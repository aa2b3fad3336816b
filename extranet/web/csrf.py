"""Forms are sent by our own pages only: besides Django's token, what the browser says about where a form stands.

A token may leak or be planted; no page can change what a browser says here. The portal takes no form of the reset
site and the other way round, but for the one address that says so itself (reset_site/arrive.py).
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
OURS = ("same-origin", "none")  # none: typed by the person


class OwnFormsMiddleware(CsrfViewMiddleware):
    """Refuses a form of another site whatever token it brings; the rest is Django's."""

    def process_view(
        self, request: HttpRequest, callback: Callable[..., Any], callback_args: Any, callback_kwargs: Any
    ) -> HttpResponseForbidden | None:
        checked = not getattr(callback, "csrf_exempt", False) and not getattr(
            request, "_dont_enforce_csrf_checks", False
        )
        if checked and request.method not in SAFE and not from_own_page(request):
            reject: Callable[[HttpRequest, str], HttpResponseForbidden] = getattr(self, "_reject")  # noqa: B009  # not in the stubs
            return reject(request, "from another site")
        return super().process_view(request, callback, callback_args, callback_kwargs)


own_forms_only = decorator_from_middleware(OwnFormsMiddleware)
"""The same for one view, where it must be asked later than by the middleware (Django's csrf_protect knows less)."""


def from_own_page(request: HttpRequest) -> bool:
    """False if the browser names another site; what it does not say, Django's token must make up for."""
    if request.headers.get("Sec-Fetch-Site", "none") not in OURS:
        return False
    said = request.headers.get("Origin") or request.headers.get("Referer")
    return said is None or _origin(said) in (
        _origin(f"{request.scheme}://{request.get_host()}"),
        _origin(_site(request)),
    )


def _site(request: HttpRequest) -> str:
    """The configured address of the host that answers: a proxy in front may speak another scheme or port with us."""
    site: str = settings.EXTRANET.reset if getattr(request, "urlconf", None) else settings.EXTRANET.portal
    return site


def _origin(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ("", address)
    return (parts.scheme.lower(), parts.netloc.lower())
