"""The home of staff: what waits for whoever is logged in."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from extranet.web.access import STAFF, PortalRequest, access


@access(STAFF)
@require_safe
def home(request: PortalRequest) -> HttpResponse:
    return render(request, "staff/home.html", {"title": "Overview"})
