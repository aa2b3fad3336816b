"""Whose book it is, and the gate that is asked before it is opened and once more before it leaves the house."""

from datetime import datetime

from django.utils import timezone

from extranet.agents.agency import manages
from extranet.agents.find import normal_license
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import record_refusal
from extranet.credentials.gate import Channel
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
    """The agent left the agency, or the manager did, while the page was made."""

    reason = "not a member of the managed agency any more"


def own_agent(request: PortalRequest) -> Agent:
    """Who is signed in; these pages admit agents only."""
    agent = request.account.agent
    if agent is None:
        raise TypeError("a page of agents was opened by staff: its rule is wrong")
    return agent


def owner_of(request: PortalRequest, asked: Asked, *, now: datetime) -> Agent:
    """The agent whose book is asked for: oneself, or an agent of the agency that one manages. Raises NoBook."""
    manager = own_agent(request)
    if asked.license in ("", manager.license):
        return manager
    number = normal_license(asked.license)
    actor = actor_of(request)
    return managed(manager=manager, license=number, kind=asked.kind.slug, week=asked.week, actor=actor, now=now)


def weeks_open(request: PortalRequest, agent: Agent, asked: Asked, *, now: datetime) -> list[Week]:
    """The weeks of that agent's book which this person may open, newest first."""
    manager = own_agent(request)
    if agent.pk == manager.pk:
        return weeks(agent=agent, kind=asked.kind.slug, now=now)
    return weeks_of(manager=manager, agent=agent, kind=asked.kind.slug, now=now)


def gate_of(request: PortalRequest, owner: Agent, channel: Channel) -> Gate:
    """Asks the session, the account, the certification and the agency as they are at that moment."""

    def gate() -> None:
        now = timezone.now()
        live = check(session_key=request.session.session_key or "", now=now, channel=channel)
        if isinstance(live, Ended):
            raise SessionOver(live.reason)
        looking = live.account.agent
        if looking is None or (looking.pk != owner.pk and not manages(looking, owner, now)):
            raise NoLongerManaged(NoLongerManaged.reason)

    return gate


def note_refusal(request: PortalRequest, owner: Agent, asked: Asked, why: str) -> None:
    """A book that was refused at the gate is in the trail, too."""
    detail = {"kind": asked.kind.slug, "week": asked.week.isoformat() if asked.week else "", "reason": why}
    actor, now = actor_of(request), timezone.now()
    record_refusal(action=Action.BOOK_REFUSED, now=now, actor=actor, subject=owner.license, detail=detail)
