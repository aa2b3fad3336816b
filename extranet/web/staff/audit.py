"""The trail for auditors: read it, prove that it is whole, take it away. Each of the three stands in it (AU-9)."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.core.validators import MaxValueValidator
from django.db import transaction
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST, require_safe

from extranet.audit import chain
from extranet.audit.actions import Action
from extranet.audit.reading import Line, Wanted, read, sealed_events
from extranet.audit.record import record
from extranet.profile.loader import current
from extranet.web.access import AUDITORS, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.staff.long_text import long_text

COLUMNS = (
    {"label": "When", "nowrap": True},
    {"label": "Action"},
    {"label": "By"},
    {"label": "Network"},
    {"label": "Done to"},
    {"label": "Facts"},
)
LONGEST = 120


class FilterForm(forms.Form):
    """Which events."""

    action = forms.ChoiceField(
        label="Action", required=False, choices=[("", "Any"), *((a.value, a.value) for a in sorted(Action))]
    )
    actor = forms.CharField(
        label="By", required=False, max_length=LONGEST, help_text="User name as it stands in the trail."
    )
    subject = forms.CharField(
        label="Done to", required=False, max_length=LONGEST, help_text="User name, license or number of a request."
    )
    day = forms.DateField(
        label="Day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MaxValueValidator(date(9000, 1, 1))],  # the last day of all has no day after it
    )


@access(AUDITORS)
@require_safe
def audit(request: PortalRequest) -> HttpResponse:
    """Events, the newest first."""
    form = FilterForm(request.GET)
    lines, older = [], ""
    if form.is_valid():
        page = read(wanted=_wanted(form, request.GET), by=actor_of(request), now=timezone.now())
        lines, older = page.lines, _older(request, page.older)
    context = {
        "title": "Audit",
        "form": form,
        "columns": COLUMNS,
        "rows": [_row(line) for line in lines],
        "older": older,
        "newest": reverse("staff-audit") if "before" in request.GET else "",
    }
    return render(request, "staff/audit.html", context, status=200 if form.is_valid() else 422)


@access(AUDITORS)
@require_POST
def verify(request: PortalRequest) -> HttpResponse:
    """Recompute the whole chain and say what was found. Nothing is repaired."""
    found = chain.verify(now=timezone.now(), by=actor_of(request))
    crumbs = [("Audit", reverse("staff-audit")), ("Verified", "")]
    context = {"title": "Is the trail whole?", "breadcrumbs": crumbs, "found": found}
    return render(request, "staff/audit_verified.html", context)


@access(AUDITORS)
@require_GET
def export(request: PortalRequest) -> StreamingHttpResponse:
    """All sealed events and their batches as JSON lines, sent while they are read."""
    now = timezone.now()
    with transaction.atomic():
        detail = {"export": True, "from_batch": 1, "events": sealed_events()}
        record(action=Action.AUDIT_READ, now=now, actor=actor_of(request), detail=detail)
    response = StreamingHttpResponse(chain.exported(), content_type="application/x-ndjson")
    name = f"audit-{now.astimezone(current().zone):%Y-%m-%d}.jsonl"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _wanted(form: FilterForm, given: QueryDict) -> Wanted:
    chosen, before = form.cleaned_data, given.get("before", "")
    day: date | None = chosen["day"]
    return Wanted(
        action=chosen["action"],
        actor=chosen["actor"],
        subject=chosen["subject"],
        since=_midnight(day) if day else None,
        until=_midnight(day + timedelta(days=1)) if day else None,
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
    )


def _midnight(day: date) -> datetime:
    """The day's first moment by the clock of the exchange."""
    return datetime.combine(day, time.min, tzinfo=current().zone)


def _row(line: Line) -> tuple[SafeString | str, ...]:
    by = f"{line.actor} ({line.actor_kind})" if line.actor else line.actor_kind
    return moment(line.at), line.action, by, line.network, line.subject, long_text(line.facts)


def _older(request: PortalRequest, before: int | None) -> str:
    if before is None:
        return ""
    query = request.GET.copy()
    query["before"] = str(before)
    return f"?{query.urlencode()}"
