"""The home of agency staff: the books that were opened to them, and what they may do with each."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render

from extranet.agents.models import Agent
from extranet.credentials.book_grants import Right, grants_of, rights_of
from extranet.credentials.models import BookGrant
from extranet.profile.layouts import ReportKind
from extranet.profile.loader import current
from extranet.reports.shelf import Week, weeks, weeks_of
from extranet.web.access import PortalRequest
from extranet.web.portal.owner import eyes_of


@dataclass(frozen=True)
class Granted:
    """One agent's reports with the newest week of each that is open, None where there is none."""

    agent: Agent
    rights: list[Right]
    newest: list[tuple[ReportKind, Week | None]]

    @property
    def may_export(self) -> bool:
        return Right.EXPORT in self.rights

    @property
    def may_act(self) -> bool:
        return Right.ACT in self.rights


def granted_home(request: PortalRequest, *, expiry: str, now: datetime) -> HttpResponse:
    """Only what is in force at this moment."""
    eyes = eyes_of(request)
    context = {
        "title": f"Welcome, {request.account.display_name}",
        "expiry": expiry,
        "principal": eyes,
        "books": [_granted(eyes, grant, now) for grant in grants_of(request.account, now)],
    }
    return render(request, "portal/granted_home.html", context)


def _granted(eyes: Agent, grant: BookGrant, now: datetime) -> Granted:
    kinds = current().reports.values()
    return Granted(grant.agent, rights_of(grant), [(kind, _newest(eyes, grant.agent, kind, now)) for kind in kinds])


def _newest(eyes: Agent, owner: Agent, kind: ReportKind, now: datetime) -> Week | None:
    if owner.pk == eyes.pk:
        found = weeks(agent=owner, kind=kind.slug, now=now)
    else:
        found = weeks_of(manager=eyes, agent=owner, kind=kind.slug, now=now)
    return found[0] if found else None
