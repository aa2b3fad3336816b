"""The reset site under the portal's ``/reset/``: the pages themselves, or the way to the host that has them."""

from django.urls import path

from extranet.web.reset_site import again, pickup, secured, views
from extranet.web.reset_site.arrive import arrive

pages = [
    path("", views.start, name="reset"),
    path("how/", views.how, name="reset-how"),
    path("sent/", views.sent, name="reset-sent"),
    path("link/<slug:token>/", views.link, name="reset-link"),
    path("link/<slug:token>", views.link),  # some mail programs drop the last sign of a link
    path("pickup/<slug:token>/", pickup.arrive, name="reset-pickup"),
    path("pickup/<slug:token>", pickup.arrive),
    path("link/<slug:token>/again/", again.again, name="reset-again"),
    path("secured/sent/", secured.sent, name="secured-sent"),
    path("secured/<slug:token>/", secured.arrive, name="secured"),
    path("secured/<slug:token>", secured.arrive),
    path("secured/link/<slug:token>/", secured.link, name="secured-link"),
    path("secured/link/<slug:token>", secured.link),
    path("secured/read/<uuid:held_id>/", secured.read, name="secured-read"),
    path("done/<uuid:link_id>/", views.done, name="reset-done"),
]
urlpatterns = [*pages, path("arrive/", arrive, name="reset-arrive")]
