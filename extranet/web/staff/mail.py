"""The outbox as staff may see it: who was told what, and whether it left. Addresses only masked."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from extranet.agents.masking import masked
from extranet.audit.reading import Line
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.returned.held import held
from extranet.mail.secured.stopped import stopped
from extranet.profile.in_force import zone
from extranet.profile.loader import current
from extranet.service_center.mail_list import Person, blocked, is_about, persons
from extranet.web.access import MAIL_READERS, PortalRequest, access
from extranet.web.dates import moment, short_moment
from extranet.web.staff.long_text import long_text

PAGE = 50
OPEN, EVERY, HELD, STOPPED = "open", "all", "held", "stopped"
WAITING = (MailState.QUEUED, MailState.SENDING, MailState.DEFERRED)
LOST = (MailState.GAVE_UP, MailState.BOUNCED)
LATELY = timedelta(days=14)  # texts that were held back longer ago stand in the trail
IS_HELD = "Held: address in doubt"
IS_STOPPED = "Held: canary came back readable"
SECURED = {"gateway": "gateway", "smime": "S/MIME", "pickup": "picked up; this is the notice"}
COLUMNS = (
    {"label": "Mail"},
    {"label": "To"},
    {"label": "About", "nowrap": True},
    {"label": "State"},
    {"label": "Posted"},
    {"label": "Accepted"},
)
BLOCKED = (
    {"label": "When"},
    {"label": "Written by"},
    {"label": "For"},
    {"label": "About"},
    {"label": "Seemed to hold"},
)


class FilterForm(forms.Form):
    """Which mails; what is not one of the choices counts as the first."""

    state = forms.ChoiceField(
        required=False,
        choices=[
            (OPEN, "Not delivered"),
            (EVERY, "All"),
            (HELD, IS_HELD),
            (STOPPED, IS_STOPPED),
            *MailState.choices,
        ],
    )
    kind = forms.ChoiceField(required=False)
    about = forms.CharField(
        label="About",
        required=False,
        max_length=120,
        help_text="User name, license or number of a request.",
        strip=True,
    )
    since = forms.DateField(
        label="Posted since",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MaxValueValidator(date(9000, 1, 1))],
        error_messages={"invalid": "Enter a day like 2026-11-16."},
    )

    def __init__(self, given: QueryDict) -> None:
        super().__init__(given)
        self.fields["kind"] = forms.ChoiceField(
            required=False, choices=[("", "Any"), *((kind, kind.replace("_", " ")) for kind in sorted(current().mails))]
        )
        self.fields["state"].label, self.fields["kind"].label = "State", "Kind"

    def chosen(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))

    def since_when(self) -> datetime | None:
        """The first moment of that day at the exchange."""
        self.is_valid()
        day = self.cleaned_data.get("since")
        return datetime.combine(day, time(), tzinfo=zone()) if day else None


@access(MAIL_READERS)
@require_safe
def mail(request: PortalRequest) -> HttpResponse:
    """The newest mails first; those that did not arrive unless all are asked for."""
    form = FilterForm(request.GET)
    page = _number(request.GET.get("page", ""))
    found = list(_chosen(form)[(page - 1) * PAGE : page * PAGE + 1]) if not form["since"].errors else []
    context = {
        "title": "Mail",
        "form": form,
        "columns": COLUMNS,
        "rows": _lines(found[:PAGE]),
        "newer": _address(request, page - 1) if page > 1 else "",
        "older": _address(request, page + 1) if len(found) > PAGE else "",
    }
    return render(request, "staff/mail.html", context, status=422 if form["since"].errors else 200)


@access(MAIL_READERS)
@require_safe
def held_back(request: PortalRequest) -> HttpResponse:
    """Answers, notes and reasons that seemed to hold consumer data. What they said was never kept."""
    rows = [_blocked(line) for line in blocked(since=timezone.now() - LATELY, limit=PAGE)]
    context = {
        "title": "Texts held back",
        "breadcrumbs": [("Mail", reverse("staff-mail")), ("Texts held back", "")],
        "columns": BLOCKED,
        "rows": rows,
        "days": LATELY.days,
    }
    return render(request, "staff/mail_held_back.html", context)


def _chosen(form: FilterForm) -> QuerySet[OutboxMail]:
    rows = OutboxMail.objects.all()
    state = form.chosen("state") or OPEN
    if state == OPEN:
        rows = rows.filter(state__in=[*WAITING, *LOST])
    elif state == HELD:
        rows = held()
    elif state == STOPPED:
        rows = stopped()
    elif state != EVERY:
        rows = rows.filter(state=state)
    if kind := form.chosen("kind"):
        rows = rows.filter(kind=kind)
    if about := form.chosen("about"):
        rows = rows.filter(is_about(about))
    if since := form.since_when():
        rows = rows.filter(posted_at__gte=since)
    return rows.defer("sealed_body").order_by("-posted_at", "-place", "id")


def _lines(rows: list[OutboxMail]) -> list[tuple[SafeString | str, ...]]:
    names = persons({row.about for row in rows})
    held_for = why_held([row.pk for row in rows])
    return [_line(row, names[row.about], held_for.get(row.pk, "")) for row in rows]


def why_held(mails: Collection[UUID]) -> dict[UUID, str]:
    """What keeps those of the mails that are held: one reason, or both."""
    why = dict.fromkeys(held().filter(pk__in=mails).values_list("pk", flat=True), IS_HELD)
    for mail_id in stopped().filter(pk__in=mails).values_list("pk", flat=True):
        why[mail_id] = f"{IS_HELD}; {IS_STOPPED}" if mail_id in why else IS_STOPPED
    return why


def _line(row: OutboxMail, person: Person, held_for: str) -> tuple[SafeString | str, ...]:
    link = format_html('<a href="{}">{}</a>', reverse("staff-mail-one", args=[row.pk]), row.subject)
    state = held_for or row.get_state_display()
    return (
        link,
        format_html("{}<br>{}", person.name, masked(row.to_address)) if person.name else masked(row.to_address),
        row.about,
        long_text(f"{state}: {error_of(row)}") if row.last_error else state,
        short_moment(row.posted_at),
        short_moment(row.accepted_at) if row.accepted_at else "",
    )


def error_of(row: OutboxMail) -> str:
    """Servers repeat the address in their answers."""
    return row.last_error.replace(row.to_address, masked(row.to_address))


def _blocked(line: Line) -> tuple[SafeString | str, ...]:
    found = line.detail.get("found", [])
    kinds = ", ".join(str(kind) for kind in found) if isinstance(found, list) else ""
    times = f" ({line.count} times)" if line.count > 1 else ""
    return (
        moment(line.at),
        line.actor,
        f"{line.detail.get('kind', '')}".replace("_", " "),
        line.subject,
        f"{kinds}{times}",
    )


def _address(request: PortalRequest, page: int) -> str:
    query = request.GET.copy()
    query["page"] = str(page)
    return f"?{query.urlencode()}"


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
