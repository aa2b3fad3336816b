"""The owner of the old address stops a change of address (J19): the link shows, the button stops."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from extranet.agents.change_email import VetoRefused, look, veto
from extranet.web.access import ANYBODY, access
from extranet.web.dates import moment
from extranet.web.errors import refuse
from extranet.web.network import network_of


@access(ANYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def email_veto(request: HttpRequest, token: str) -> HttpResponse:
    """GET changes nothing, however often a mail scanner asks; the POST stops the change once."""
    try:
        if request.method == "POST":
            veto(token=token, now=timezone.now(), network=network_of(request))
            return render(request, "portal/email_veto.html", {"stopped": True, "title": "The change is stopped"})
        waiting = look(token=token)
    except VetoRefused:
        return refuse(request, 410)
    context = {"new_email": waiting.new_email, "active_from": moment(waiting.active_from)}
    return render(request, "portal/email_veto.html", {**context, "title": "Keep your present e-mail address?"})
