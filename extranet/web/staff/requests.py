"""Requests of agents: the queue with its clocks, one request, and what the desk does about it (J29, J30)."""

from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from extranet.service_center import queue
from extranet.service_center.answer import LONGEST, AnswerRefused, CloseRefused, NoteRefused, answer, close
from extranet.service_center.models import RequestState, SupportRequest
from extranet.service_center.overdue import counts
from extranet.service_center.queue import Opened, RequestUnknown, Step, Waiting
from extranet.web.access import SERVICE_DESK, PortalRequest, access, actor_of
from extranet.web.dates import moment

COLUMNS = (
    {"label": "Request"},
    {"label": "Clock"},
    {"label": "Agent"},
    {"label": "Came by"},
    {"label": "Received"},
    {"label": "Taken by"},
)
ORIGINS = {
    "form": "form",
    "phone": "telephone",
    "never_received": "password never arrived",
    "address_in_doubt": "mails come back",
}
DONE = "This request is answered or closed already. Nothing was sent a second time."


class AnswerForm(forms.Form):
    """The words of the mail; what must not leave is said by the service center in full sentences."""

    text = forms.CharField(
        label="Answer",
        error_messages={"required": "Write an answer first."},
        help_text="It leaves by plain e-mail: no personal information of clients.",
        widget=forms.Textarea(attrs={"rows": 8, "maxlength": str(LONGEST), "required": True}),
    )


class CloseForm(forms.Form):
    """Ends a request without a mail."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST,
        help_text="For colleagues; the agent does not get it. No personal information of clients.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@access(SERVICE_DESK)
@require_safe
def requests(request: PortalRequest) -> HttpResponse:
    """All open requests; ``?number=`` leads to one, open or not."""
    if number := request.GET.get("number", "").strip()[:20]:
        try:
            return redirect("staff-request", queue.find(number).number)
        except RequestUnknown:
            messages.warning(request, "No request has this number.")
            return redirect("staff-requests")
    now = timezone.now()
    context = {
        "title": "Requests",
        "counts": counts(now=now),
        "columns": COLUMNS,
        "rows": [_line(line, now) for line in queue.waiting(now=now)],
    }
    return render(request, "staff/requests.html", context)


@access(SERVICE_DESK)
@require_safe
def request_record(request: PortalRequest, number: str) -> HttpResponse:
    """One request with all that was done about it; every look is in the trail."""
    return _page(request, number, AnswerForm())


@access(SERVICE_DESK)
@require_POST
def take(request: PortalRequest, number: str) -> HttpResponse:
    """Say that one is at it."""
    row = _find(number)
    if queue.take(request=row, by=actor_of(request)):
        messages.success(request, "You have taken this request.")
    else:
        messages.warning(request, "Somebody else has taken this request, or it is done.")
    return redirect("staff-request", row.number)


@access(SERVICE_DESK)
@sensitive_post_parameters()
@require_POST
def answer_request(request: PortalRequest, number: str) -> HttpResponse:
    """Mail the answer. What must not leave stands beside the field, with the words as typed."""
    row, form = _find(number), AnswerForm(request.POST)
    typed = form.cleaned_data["text"] if form.is_valid() else ""
    try:
        answer(request=row, text=typed, by=actor_of(request), now=timezone.now())
    except AnswerRefused as refused:
        if _find(number).state != RequestState.OPEN:
            messages.info(request, DONE)
            return redirect("staff-request", row.number)
        if form.is_valid():
            form.add_error("text", str(refused))
        return _page(request, number, form, status=422)
    messages.success(request, "The answer is on its way.")
    return redirect("staff-request", row.number)


@access(SERVICE_DESK)
@sensitive_post_parameters()
@require_POST
def close_request(request: PortalRequest, number: str) -> HttpResponse:
    """End it without a mail."""
    row, form = _find(number), CloseForm(request.POST)
    if not form.is_valid():
        return _page(request, number, AnswerForm(), closing=form, status=422)
    try:
        close(request=row, by=actor_of(request), now=timezone.now(), note=form.cleaned_data["note"])
    except NoteRefused as refused:
        form.add_error("note", str(refused))
        return _page(request, number, AnswerForm(), closing=form, status=422)
    except CloseRefused:
        messages.info(request, DONE)
    else:
        messages.success(request, "The request is closed.")
    return redirect("staff-requests")


def _find(number: str) -> SupportRequest:
    try:
        return queue.find(number)
    except RequestUnknown:
        raise Http404 from None


def _page(
    request: PortalRequest, number: str, form: AnswerForm, *, closing: CloseForm | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    try:
        opened = queue.view(number=number, by=actor_of(request), now=now)
    except RequestUnknown:
        raise Http404 from None
    row = opened.request
    context = {
        "title": f"Request {row.number}",
        "breadcrumbs": [("Requests", reverse("staff-requests")), (row.number, "")],
        "opened": opened,
        "row": row,
        "facts": _facts(opened, now),
        "agent_url": _agent_url(row),
        "steps": [_step(step) for step in opened.steps],
        "is_open": row.state == RequestState.OPEN,
        "is_closed": row.state == RequestState.CLOSED,
        "is_mine": row.taken_by == request.account.username,
        "form": form,
        "closing": closing or CloseForm(),
    }
    return render(request, "staff/request.html", context, status=status)


def _line(line: Waiting, now: datetime) -> tuple[SafeString | str, ...]:
    row = line.request
    number = format_html('<a href="{}">{}</a>', reverse("staff-request", args=[row.number]), row.number)
    who = line.agent.full_name if line.agent else f"not on the roster: {row.license_given}"
    return number, _clock(row, now), who, ORIGINS.get(row.origin, row.origin), moment(row.received_at), row.taken_by


def _clock(row: SupportRequest, now: datetime) -> str:
    """What the clock says: how long until it is due, how long it is."""
    if row.state != RequestState.OPEN:
        return row.get_state_display()
    if now >= row.overdue_at:
        return f"OVERDUE for {_span(now - row.overdue_at)}"
    if now >= row.due_at:
        return f"due, overdue in {_span(row.overdue_at - now)}"
    return f"due in {_span(row.due_at - now)}"


def _span(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _facts(opened: Opened, now: datetime) -> list[tuple[str, str]]:
    row, written = opened.request, opened.written
    return [
        ("State", _clock(row, now)),
        ("Name", written["name"]),
        ("License number", row.license_given if row.agent else f"{row.license_given} (not on the roster)"),
        ("E-mail address", written["email"]),
        ("Telephone", written["telephone"]),
        ("Came by", ORIGINS.get(row.origin, row.origin)),
        ("Received", moment(row.received_at)),
        ("Taken by", row.taken_by),
    ]


def _agent_url(row: SupportRequest) -> str:
    """The record of the agent, where acts belong to this request."""
    if row.agent is None:
        return ""
    query = f"?{urlencode({'request': row.number})}" if row.state == RequestState.OPEN else ""
    return reverse("staff-agent", args=[row.agent.license]) + query


def _step(step: Step) -> tuple[str, str, str, str]:
    return moment(step.at), step.what.replace("_", " "), step.by, step.text
