"""What every answer carries whatever the view did: the content policy, no caching, no framing.

Django 5.2 has no content policy of its own; the setting has the name that Django 6 gives it (SECURE_CSP), so that
this middleware can go when the framework brings one.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseFileResponse

Policy = Mapping[str, Iterable[str]]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])

FEATURES_OFF = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen"),
    *("geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi"),
    *("payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)


def policy() -> Policy:
    """The content policy: settings.SECURE_CSP where set, else everything from this site alone and nothing inline."""
    return getattr(settings, "SECURE_CSP", None) or {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", *_origins()],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }


def _origins() -> list[str]:
    """Portal and reset site: a form of one may lead to the other, and browsers check the redirect, too."""
    parts = map(urlsplit, (settings.EXTRANET.portal, settings.EXTRANET.reset))
    return sorted({f"{part.scheme}://{part.netloc}" for part in parts})


def header_value(directives: Policy) -> str:
    return "; ".join(f"{name} {' '.join(sources)}".rstrip() for name, sources in directives.items())


def check_policy(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """System check: a policy that allows inline code or any host is refused."""
    loose = [
        f"{name} {source}"
        for name, sources in policy().items()
        for source in sources
        if source.startswith("'unsafe-") or source in ("*", "data:", "blob:", "http:", "https:")
    ]
    hint = "serve scripts, styles and pictures as files of this site"
    return [Error(f"SECURE_CSP allows {item}", hint=hint, id="web.E001") for item in loose]


def content_policy(directives: Policy, *, alone: bool = False) -> Callable[[View], View]:
    """A view that needs a policy of its own: ``directives`` beside those of every page, or ``alone`` in their place.

    Stands nearest to the view. Where the policy lets this site frame the answer, the older header says so, too."""

    def declare(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(*args, **kwargs)
            response.content_policy = directives if alone else {**policy(), **directives}  # type: ignore[attr-defined]
            return response

        return cast(View, answer)

    return declare


class SecurityHeaders:
    """Outermost middleware, so that answers of other middleware and of error handlers carry the headers, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.fixed = _fixed_headers()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.fixed.items():
            response[name] = value
        own: Policy | None = getattr(response, "content_policy", None)
        if own is not None:
            response["Content-Security-Policy"] = header_value(own)
            response["X-Frame-Options"] = "SAMEORIGIN" if "'self'" in own["frame-ancestors"] else "DENY"
        if not isinstance(response, WhiteNoiseFileResponse):
            response["Cache-Control"] = "no-store"  # shared machines: "back" after log-out shows nothing
        return response


def _fixed_headers() -> dict[str, str]:
    headers = {
        "Content-Security-Policy": header_value(policy()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FEATURES_OFF),
    }
    if settings.SECURE_HSTS_SECONDS:  # set under https only; the setting looks at the configured address
        subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}"
    return headers
