"""The agent's home (J3): the newest reports, past weeks, what is late, and whether the own password runs out."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from extranet.agents.agency import managed_by
from extranet.agents.change_email import waiting_change
from extranet.agents.models import Agent
from extranet.credentials.models import Account
from extranet.policy import local_day, warning_is_due
from extranet.profile.in_force import policy, zone
from extranet.profile.layouts import ReportKind
from extranet.profile.loader import current
from extranet.reports.changes.meaning import all_meanings
from extranet.reports.changes_shelf import counted
from extranet.reports.shelf import Week, weeks
from extranet.web.access import ANYBODY, SIGNED_IN, PortalRequest, access
from extranet.web.dates import day, moment
from extranet.web.portal.granted_home import granted_home
from extranet.web.portal.late import missing_monday


@dataclass(frozen=True)
class Changed:
    """What changed since the week before: cases by state, and how many of each meaning that matters."""

    against: date
    added: int
    gone: int
    changed: int
    important: list[tuple[str, int]]


@dataclass(frozen=True)
class Shelf:
    """One kind of report as the home page shows it: the newest week, and older ones that can still be opened."""

    kind: ReportKind
    newest: Week | None
    released: str
    older: list[Week]
    missing: date | None
    changed: Changed | None


@access(ANYBODY)
@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """The short addresses lead to the one home."""
    return redirect("home")


@access(SIGNED_IN)
@require_safe
def home(request: PortalRequest) -> HttpResponse:
    """An agent's overview; staff and agency staff have a home of their own."""
    agent, now = request.account.agent, timezone.now()
    if request.account.is_agency_staff:
        return granted_home(request, expiry=_expiry(request.account, now), now=now)
    if agent is None:
        return redirect("staff-home")
    context = {
        "title": f"Welcome, {agent.first_name}",
        "shelves": [_shelf(agent, kind, now) for kind in current().reports.values()],
        "address_changes": waiting_change(agent) is not None,
        "expiry": _expiry(request.account, now),
        "members": list(managed_by(agent, now)),
    }
    return render(request, "portal/home.html", context)


def _shelf(agent: Agent, kind: ReportKind, now: datetime) -> Shelf:
    found = weeks(agent=agent, kind=kind.slug, now=now)
    newest = next((week for week in found if week.current), None)
    released = moment(newest.released_at) if newest else ""
    older = [week for week in found if not week.current]
    late = missing_monday(newest.as_of if newest else None, now)
    return Shelf(kind, newest, released, older, late, _changed(agent, kind, found))


def _changed(agent: Agent, kind: ReportKind, found: list[Week]) -> Changed | None:
    """From counts alone: no frame is opened for it."""
    known = counted(agent=agent, open_weeks=found)
    if known is None:
        return None
    counts = Counter(known.counts)
    important = [(one.title, counts[one.name]) for one in all_meanings(kind.meanings) if one.important]
    told = [(title, count) for title, count in important if count]
    return Changed(known.against, counts["added"], counts["gone"], counts["changed"], told)


def _expiry(account: Account, now: datetime) -> str:
    """The notice of the last days, in the same window as the mail (J27)."""
    if account.expires_on is None or not warning_is_due(account.expires_on, now, policy(), zone()):
        return ""
    left = (account.expires_on - local_day(now, zone())).days
    until = {0: "today only", 1: "until tomorrow"}.get(left, f"for {left} more days")
    return f"Your password is valid {until}, through {day(account.expires_on)}. Change it now, and nothing stops you."
