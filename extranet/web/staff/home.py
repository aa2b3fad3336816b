"""The home of staff: what waits for whoever is logged in, and how the reports stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from extranet.audit.actions import Action
from extranet.audit.reading import how_many, last_verification_failed
from extranet.credentials.models import StaffRole
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.returned.held import OF_CHOICE, held
from extranet.mail.secured import canary
from extranet.mail.secured.stopped import stopped
from extranet.profile.layouts import ReportKind
from extranet.profile.loader import current
from extranet.reports.listing import PublicationState, StagedUpload, publications
from extranet.service_center.lost_factors import all_waiting
from extranet.service_center.overdue import counts
from extranet.web.access import STAFF, PortalRequest, access
from extranet.web.dates import day, moment
from extranet.web.portal.late import missing_monday
from extranet.web.staff.roster import waiting as waiting_rosters

LATELY = timedelta(days=14)  # mails that were given up longer ago are history
COLUMNS = ({"label": "Report"}, {"label": "Newest released"}, {"label": "Released"}, {"label": "This week"})


@dataclass(frozen=True)
class Task:
    """One kind of work that waits: how many, what, and the page where it is done."""

    count: int
    words: str
    page: str
    is_urgent: bool = False
    query: str = ""

    @property
    def url(self) -> str:
        return f"{reverse(self.page)}{self.query}"


@access(STAFF)
@require_safe
def home(request: PortalRequest) -> HttpResponse:
    """Each role sees its own work; how the reports stand is for all, because agents ask everybody."""
    now = timezone.now()
    tasks = [task for ask in WAITS[StaffRole(request.account.role)] for task in ask(now) if task.count]
    context = {
        "title": "Overview",
        "tasks": tasks,
        "columns": COLUMNS,
        "reports": [_report(kind, now) for kind in current().reports.values()],
    }
    return render(request, "staff/home.html", context)


def _publications(now: datetime) -> list[Task]:
    rows, page = publications(), "staff-publications"
    held = rows.filter(state=PublicationState.HELD).count()
    sealed = rows.filter(state=PublicationState.SEALED).count()
    sent = StagedUpload.objects.filter(queued_at__isnull=False, finished_at__isnull=True).count()
    return [
        Task(held, "held: a person must look", page, is_urgent=True),
        Task(sealed, "sealed, waiting for release", page),
        Task(sent, "sent, being published", page),
    ]


def _rosters(now: datetime) -> list[Task]:
    return [Task(waiting_rosters().count(), "sent as a roster, waiting for a confirmation", "staff-roster")]


def _requests(now: datetime) -> list[Task]:
    found, page = counts(now=now), "staff-requests"
    return [
        Task(found.overdue, "requests overdue", page, is_urgent=True),
        Task(found.due, "requests due", page),
        Task(found.running, "other open requests", page),
    ]


def _removals(now: datetime) -> list[Task]:
    return [Task(all_waiting(now=now).count(), "removals of second factors wait for a second person", "staff-removals")]


def _mails(now: datetime) -> list[Task]:
    lost = OutboxMail.objects.filter(state__in=[MailState.GAVE_UP, MailState.BOUNCED], posted_at__gt=now - LATELY)
    waiting = held().exclude(kind__in=OF_CHOICE).count()
    return [
        Task(lost.count(), "mails never arrived", "staff-mail", is_urgent=True),
        Task(waiting, "mails held: the address is in doubt", "staff-mail", is_urgent=True, query="?state=held"),
    ]


def _held_back(now: datetime) -> list[Task]:
    """Alerts staff that somebody tried to mail or to note down consumer data (J28)."""
    found = how_many(action=Action.MAIL_BLOCKED, since=now - LATELY)
    return [Task(found, "texts held back: they seemed to hold consumer data", "staff-mail-held-back", is_urgent=True)]


def _canary(now: datetime) -> list[Task]:
    words = "Monday run stopped: the test mail did not come back secured"
    held_for = "secured mails held: the canary came back readable"
    return [
        Task(int(canary.has_stopped_a_run()), words, "staff-mail", is_urgent=True),
        Task(stopped().count(), held_for, "staff-mail", is_urgent=True, query="?state=stopped"),
    ]


def _trail(now: datetime) -> list[Task]:
    refused = how_many(action=Action.ACCESS_REFUSED, since=now - timedelta(days=1))
    return [
        Task(
            int(last_verification_failed()),
            "verification of the trail failed, the last one",
            "staff-audit",
            is_urgent=True,
        ),
        Task(refused, "pages refused since yesterday", "staff-audit"),
    ]


WAITS: Mapping[StaffRole, tuple[Callable[[datetime], list[Task]], ...]] = {
    StaffRole.PUBLISHER: (_publications, _rosters),
    StaffRole.SERVICE_DESK: (_canary, _requests, _removals, _mails, _held_back),
    StaffRole.AUDITOR: (_trail,),
    StaffRole.ADMINISTRATOR: (_canary, _rosters, _mails, _held_back),
}


def _report(kind: ReportKind, now: datetime) -> tuple[str, str, str, str]:
    newest = publications(kind=kind.slug).filter(state=PublicationState.RELEASED).first()
    if newest is None:
        return kind.title, "nothing yet", "", ""
    missing = missing_monday(newest.as_of, now)
    week = f"late: the one of {day(missing)} is missing" if missing else "not late"
    return kind.title, day(newest.as_of), moment(newest.released_at) if newest.released_at else "", week
