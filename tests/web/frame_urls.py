"""Small pages to try the frame on: what every answer carries does not depend on which page it is."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from extranet.vault.stores import StoreAway
from extranet.web import errors
from extranet.web.access import ANYBODY, access


@access(ANYBODY)
def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


@access(ANYBODY)
def careless(request: HttpRequest) -> HttpResponse:
    """Says of itself that everybody may keep it."""
    return HttpResponse("a page", headers={"Cache-Control": "public, max-age=3600", "X-Frame-Options": "SAMEORIGIN"})


@access(ANYBODY)
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("planted-secret-detail")


@access(ANYBODY)
def away(request: HttpRequest) -> HttpResponse:
    raise StoreAway("s3://planted/place does not answer")


@access(ANYBODY)
def refusing(request: HttpRequest, status: int) -> HttpResponse:
    return errors.refuse(request, status, retry_after=30 if status in (429, 503) else None)


urlpatterns = [
    path("plain/", plain),
    path("careless/", careless),
    path("broken/", broken),
    path("away/", away),
    path("refusing/<int:status>/", refusing),
    path("health/", include("extranet.web.health_urls")),
]
handler400 = "extranet.web.errors.bad_request"
handler403 = "extranet.web.errors.forbidden"
handler404 = "extranet.web.errors.not_found"
handler500 = "extranet.web.errors.server_error"
