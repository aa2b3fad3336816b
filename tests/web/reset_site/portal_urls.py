"""The portal's host as far as the reset site needs it: its own mount, and the address of the login it leads to."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from extranet.web.access import ANYBODY, access


@access(ANYBODY)
def login(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the login")


urlpatterns = [path("reset/", include("extranet.web.reset_site.urls")), path("login/", login, name="login")]
handler400 = "extranet.web.errors.bad_request"
handler403 = "extranet.web.errors.forbidden"
handler404 = "extranet.web.errors.not_found"
