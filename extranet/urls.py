"""All addresses: the portal's, the staff's, the reset site's, the API's and, in the demonstration only, the demo's."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("extranet.web.portal.urls")),
    path("", include("extranet.web.second_factor.urls")),
    path("", include("extranet.web.own_factors.urls")),
    path("", include("extranet.web.staff_enrolment.urls")),
    path("reset/", include("extranet.web.reset_site.urls")),
    path("staff/", include("extranet.web.staff.urls")),
    path("api/v1/", include("extranet.api.urls")),
    path("health/", include("extranet.web.health_urls")),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("extranet.demo.urls")))

handler400 = "extranet.web.errors.bad_request"
handler403 = "extranet.web.errors.forbidden"
handler404 = "extranet.web.errors.not_found"
handler500 = "extranet.web.errors.server_error"
