"""All addresses of a reset host of its own: its pages at the root, health for its monitors, and nothing else."""

from django.urls import include, path

from extranet.web.reset_site.urls import pages

urlpatterns = [
    *pages,
    path("health/", include("extranet.web.health_urls")),
]

handler400 = "extranet.web.errors.bad_request"
handler403 = "extranet.web.errors.forbidden"
handler404 = "extranet.web.errors.not_found"
handler500 = "extranet.web.errors.server_error"
