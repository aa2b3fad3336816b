"""The portal's side of the "Log In" button on a reset host of its own: take the one-use token, know this browser."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from extranet.credentials.device_enrolment import take_over
from extranet.web.access import ANYBODY, access
from extranet.web.entering import remember_device
from extranet.web.hosts import reset_has_own_host


@access(ANYBODY)
@csrf_exempt  # the form stands on the other host, whose cookie is not ours; the Origin and the token stand in for it
@require_POST
def arrive(request: HttpRequest) -> HttpResponse:
    """Whatever came along, the login page is next: a token that does not work is nothing a person can mend."""
    response = redirect("login")
    site = urlsplit(settings.EXTRANET.reset)
    if not reset_has_own_host() or request.headers.get("Origin") != f"{site.scheme}://{site.netloc}":
        return response
    return remember_device(response, take_over(token=request.POST.get("device_enrolment", ""), now=timezone.now()))
