"""Removals of all second factors of an agent that wait for a second person (IA-5)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from extranet.service_center.lost_factors import all_waiting
from extranet.service_center.models import FactorRemoval
from extranet.web.access import SERVICE_DESK, PortalRequest, access
from extranet.web.dates import moment

COLUMNS = ({"label": "Agent"}, {"label": "Asked by"}, {"label": "Asked"}, {"label": "Decide by"}, {"label": "Reason"})


@access(SERVICE_DESK)
@require_safe
def removals(request: PortalRequest) -> HttpResponse:
    """Oldest first; each leads to the record of its agent, where it is decided."""
    waiting = all_waiting(now=timezone.now()).select_related("agent")
    context = {
        "title": "Removals of second factors",
        "breadcrumbs": [("Overview", reverse("staff-home")), ("Removals of second factors", "")],
        "columns": COLUMNS,
        "rows": [_line(row) for row in waiting],
    }
    return render(request, "staff/removals.html", context)


def _line(row: FactorRemoval) -> tuple[SafeString | str, ...]:
    url = reverse("staff-agent", args=[row.agent.license])
    link = format_html('<a href="{}">{}</a>', url, row.agent.full_name)
    return link, row.asked_by, moment(row.asked_at), moment(row.decide_by), row.reason
