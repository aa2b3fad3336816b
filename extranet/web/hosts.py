"""The reset site may stand on its own host: then that host answers with the reset pages alone (J16)."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port


def reset_has_own_host() -> bool:
    """True where EXTRANET_RESET_URL names another host than the portal's."""
    return urlsplit(settings.EXTRANET.reset).netloc != urlsplit(settings.EXTRANET.portal).netloc


class HostMiddleware:
    """Choose the URLs by host. The request's Host is compared with the configuration, never used to build a link."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.HTTPS:  # the proxy ended TLS; without this Django would ask less of forms than it does under https
            request.META["wsgi.url_scheme"] = "https"
        if reset_has_own_host() and _is_for_reset(request):
            request.urlconf = "extranet.web.reset_site.host_urls"
        return self.get_response(request)


def _is_for_reset(request: HttpRequest) -> bool:
    """By name, however it is written (any case, a dot behind it, the usual port); by port where both names are one."""
    reset, portal = urlsplit(settings.EXTRANET.reset), urlsplit(settings.EXTRANET.portal)
    name, port = split_domain_port(request.get_host())
    if reset.hostname != portal.hostname:
        return name == reset.hostname
    return name == reset.hostname and port == str(reset.port or "")
