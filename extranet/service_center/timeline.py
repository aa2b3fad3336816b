"""What happened to one agent, in one list: the trail, the mails (never their bodies), the requests."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from extranet.agents.change_email import waiting_change
from extranet.agents.models import Agent, EmailChange
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.reading import about
from extranet.audit.record import Actor, record
from extranet.credentials.models import Account
from extranet.mail.models import DoubtfulAddress, OutboxMail
from extranet.mail.returned.doubt import doubt_about
from extranet.mail.secured.certificates import Shown, kept
from extranet.service_center.identity import good_check
from extranet.service_center.lost_factors import waiting
from extranet.service_center.models import FactorRemoval, IdentityCheck, RequestState, SupportRequest
from extranet.service_center.names import names_of
from extranet.service_center.why_stuck import Stuck, why_stuck

LIMIT = 200  # moments
UNTOLD = (
    Action.MAIL_ACCEPTED,  # the mail itself says so
    # They would tell what a caller is asked for, the last login and the size of the book (own_facts.py):
    Action.LOGIN_SUCCEEDED,
    Action.SECOND_FACTOR_SUCCEEDED,
    Action.LOGOUT,
    Action.SESSION_ENDED,
    Action.AGREEMENT_ACCEPTED,
    Action.BOOK_VIEWED,
    Action.BOOK_DOWNLOADED,
    Action.CHANGES_VIEWED,
)


@dataclass(frozen=True)
class Moment:
    """One thing that happened. ``source``: event, mail or request; ``what`` its name there; ``detail`` for people."""

    at: datetime
    source: str
    what: str
    by: str
    detail: str


@dataclass(frozen=True)
class AgentRecord:
    """All that the desk needs on one page."""

    agent: Agent
    account: Account | None
    stuck: list[Stuck]
    moments: list[Moment]
    address_change: EmailChange | None
    check: IdentityCheck | None  # good for acts of who looks
    open_requests: list[SupportRequest]
    factor_removal: FactorRemoval | None  # waits for a second person
    doubt: DoubtfulAddress | None  # why mails to the address are held or stopped
    certificate: Shown | None  # for which secured mails to the address are encrypted


@transaction.atomic
def view(*, agent: Agent, by: Actor, now: datetime) -> AgentRecord:
    """Open an agent's record; every look is recorded, in the same transaction."""
    record(action=Action.AGENT_VIEWED, now=now, actor=by, subject=copied_name(agent.license))
    return AgentRecord(
        agent=agent,
        account=Account.objects.filter(agent=agent).first(),
        stuck=why_stuck(agent, now),
        moments=timeline(agent),
        address_change=waiting_change(agent),
        check=good_check(agent=agent, by=by, now=now),
        open_requests=list(agent.requests.filter(state=RequestState.OPEN).order_by("due_at")),
        factor_removal=waiting(agent, now=now),
        doubt=doubt_about(agent.email),
        certificate=kept(address=agent.email),
    )


def timeline(agent: Agent, *, limit: int = LIMIT) -> list[Moment]:
    """The newest moments first. Shown through ``view``, which records the look."""
    numbers = list(agent.requests.values_list("number", flat=True))
    names = names_of(agent)
    moments = [*_events(names, numbers, limit), *_mails(names, numbers, limit), *_requests(agent, limit)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:limit]


def _events(names: list[str], numbers: list[str], limit: int) -> list[Moment]:
    lines = about(names=names, numbers=numbers, limit=limit, but=UNTOLD)
    return [Moment(line.at, "event", line.action, line.actor, line.facts) for line in lines]


def _mails(names: list[str], numbers: list[str], limit: int) -> list[Moment]:
    mine = OutboxMail.objects.filter(about__in=[*names, *numbers]).defer("sealed_body").order_by("-posted_at")
    return [
        Moment(mail.accepted_at or mail.posted_at, "mail", mail.kind, mail.sender, f"{mail.subject} ({mail.state})")
        for mail in mine[:limit]
    ]


def _requests(agent: Agent, limit: int) -> list[Moment]:
    rows = agent.requests.order_by("-received_at")[:limit]
    return [Moment(row.received_at, "request", row.origin, "", f"{row.number} ({row.state})") for row in rows]
