"""Whose book it is, and the gate that is asked before it is opened and once more before it leaves the house."""

from datetime import datetime

from django.utils import timezone

from extranet.agents.agency import manages
from extranet.agents.find import normal_license
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import record_refusal
from extranet.credentials.book_grants import Right, may
from extranet.credentials.gate import Channel
from extranet.credentials.models import Account
from extranet.credentials.sessions import Ended, check
from extranet.reports.refusals import NoBook
from extranet.reports.shelf import Gate, Week, managed, weeks, weeks_of
from extranet.web.access import PortalRequest, actor_of
from extranet.web.portal.asked import Asked


class SessionOver(Exception):
    """The session ended, or the gate closed, while the page was made; ``reason`` is for the login page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoLongerManaged(NoBook):
    """The agent left the agency, or the manager did, or a right ended, while the page was made."""

    reason = "no right to this book, or none any more"


def eyes_of(request: PortalRequest) -> Agent:
    """Through whose eyes: the agent who is signed in, or for agency staff their principal."""
    agent = request.account.agent or request.account.principal
    if agent is None:
        raise TypeError("a page of books was opened by staff: its rule is wrong")
    return agent


def is_own(request: PortalRequest, owner: Agent) -> bool:
    """Whether it is the book of the person who looks."""
    return request.account.agent_id == owner.pk


def owner_of(request: PortalRequest, asked: Asked, *, now: datetime, right: Right = Right.VIEW) -> Agent:
    """The agent whose book is asked for: oneself, or an agent of the agency that one manages; agency staff have those
    of their principal on which they hold that right. Raises NoBook."""
    manager = eyes_of(request)
    if asked.license in ("", manager.license):
        return _with_right(request, manager, asked, right, now)
    number = normal_license(asked.license)
    actor = actor_of(request)
    found = managed(manager=manager, license=number, kind=asked.kind.slug, week=asked.week, actor=actor, now=now)
    return _with_right(request, found, asked, right, now)


def may_export(request: PortalRequest, owner: Agent, *, now: datetime) -> bool:
    """Whether the page offers downloads; the download asks for itself."""
    return not request.account.is_agency_staff or may(request.account, owner, Right.EXPORT, now)


def weeks_open(request: PortalRequest, agent: Agent, asked: Asked, *, now: datetime) -> list[Week]:
    """The weeks of that agent's book which this person may open, newest first."""
    manager = eyes_of(request)
    if agent.pk == manager.pk:
        return weeks(agent=agent, kind=asked.kind.slug, now=now)
    return weeks_of(manager=manager, agent=agent, kind=asked.kind.slug, now=now)


def gate_of(request: PortalRequest, owner: Agent, channel: Channel) -> Gate:
    """Asks the session, the account, the certification, the agency and the rights as they are at that moment."""
    right = Right.EXPORT if channel is Channel.DOWNLOAD else Right.VIEW

    def gate() -> None:
        now = timezone.now()
        live = check(session_key=request.session.session_key or "", now=now, channel=channel)
        if isinstance(live, Ended):
            raise SessionOver(live.reason)
        if not _opens(live.account, owner, right, now):
            raise NoLongerManaged(NoLongerManaged.reason)

    return gate


def note_refusal(request: PortalRequest, owner: Agent, asked: Asked, why: str) -> None:
    """A book that was refused at the gate is in the trail, too."""
    detail = {"kind": asked.kind.slug, "week": asked.week.isoformat() if asked.week else "", "reason": why}
    actor, now = actor_of(request), timezone.now()
    record_refusal(action=Action.BOOK_REFUSED, now=now, actor=actor, subject=owner.license, detail=detail)


def _opens(account: Account, owner: Agent, right: Right, now: datetime) -> bool:
    if account.is_agency_staff:
        return may(account, owner, right, now)
    looking = account.agent
    return looking is not None and (looking.pk == owner.pk or manages(looking, owner, now))


def _with_right(request: PortalRequest, owner: Agent, asked: Asked, right: Right, now: datetime) -> Agent:
    if request.account.is_agency_staff and not may(request.account, owner, right, now):
        note_refusal(request, owner, asked, f"no right to {right}")
        raise NoBook("there is no such book for you")
    return owner
