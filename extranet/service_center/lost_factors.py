"""An agent lost every second factor. One person of the desk, who checked the identity, asks; another one approves.

Nobody does both (the database refuses such a row, too), and the shell does neither. The agent is told at both steps.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from extranet.agents.models import Agent
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.credentials import second_factor, sessions
from extranet.credentials.factor_notice import ALL_REMOVED, tell
from extranet.credentials.gate import needs_second_factor
from extranet.mail.catalogue import FactorRemovalAskedMail
from extranet.mail.outbox import post
from extranet.service_center.acts import ActRefused, account_of, require_clean_reason
from extranet.service_center.identity import require_check
from extranet.service_center.models import FactorRemoval

GOOD_FOR = timedelta(days=3)
REASON = 120  # signs
ENDED = "second_factor_removed"
State = FactorRemoval.State


class SecondPersonNeeded(ActRefused):
    """Who asked may not approve."""


def ask(*, agent: Agent, reason: str, by: Actor, now: datetime) -> FactorRemoval:
    """Ask for the removal of all factors of the agent; a mail tells the agent. Nothing is removed yet.

    Raises IdentityNotChecked, ActRefused, AddressRefused.
    """
    require_check(agent=agent, act="remove_factors", by=by, now=now)
    account = account_of(agent)
    if not reason.strip():
        raise ActRefused("Write down what was lost and how you know the caller.")
    require_clean_reason(reason, what="reason of a removal", account=account, by=by, now=now)
    if not needs_second_factor(account):
        raise ActRefused("This agent has no second factor: the password alone lets the agent in.")
    try:
        with transaction.atomic():
            _lapse(agent, now)
            asked = FactorRemoval.objects.create(
                agent=agent, reason=reason.strip()[:REASON], asked_by=by.name, asked_at=now, decide_by=now + GOOD_FOR
            )
            mail = FactorRemovalAskedMail(decide_by=asked.decide_by)
            key = f"factor_removal_asked:{account.username}:{asked.pk}"
            post(mail, to=agent.email, about=account.username, key=key, language=agent.language, now=now)
            detail = {"reason": asked.reason}
            record(action=Action.FACTOR_REMOVAL_ASKED, now=now, actor=by, subject=account.username, detail=detail)
    except IntegrityError as error:
        raise ActRefused("The removal was asked for already. It waits for a second person.") from error
    return asked


def approve(*, agent: Agent, by: Actor, now: datetime) -> int:
    """Remove all factors and end all sessions; how many factors there were. Raises SecondPersonNeeded, ActRefused."""
    account, asked = account_of(agent), _waiting_or_refused(agent, now)
    if by.kind != "staff" or by.name == asked.asked_by:
        detail = {"act": "approve_factor_removal", "reason": "the second person must be another one"}
        record_refusal(action=Action.ACCESS_REFUSED, now=now, actor=by, subject=account.username, detail=detail)
        raise SecondPersonNeeded("You asked for it yourself. Another member of the service center must approve.")
    with transaction.atomic():
        _decide(asked, State.APPROVED, by, now)
        removed = second_factor.forget_all(account)
        sessions.end_all(account=account, reason=ENDED, by=by, now=now)
        facts = {"removed": str(removed), "asked_by": asked.asked_by}
        record(action=Action.FACTOR_REMOVAL_APPROVED, now=now, actor=by, subject=account.username, detail=facts)
        tell(account=account, change=ALL_REMOVED, browser="", now=now)
    return removed


def refuse(*, agent: Agent, by: Actor, now: datetime) -> None:
    """Leave the factors as they are: anybody of the desk may, who asked included. Raises ActRefused."""
    asked = _waiting_or_refused(agent, now)
    with transaction.atomic():
        _decide(asked, State.REFUSED, by, now)
        subject = copied_name(agent.license)
        record(action=Action.FACTOR_REMOVAL_REFUSED, now=now, actor=by, subject=subject)


def waiting(agent: Agent, *, now: datetime) -> FactorRemoval | None:
    """What waits for a second person, if anything."""
    return all_waiting(now=now).filter(agent=agent).first()


def all_waiting(*, now: datetime) -> QuerySet[FactorRemoval]:
    return FactorRemoval.objects.filter(state=State.WAITING, decide_by__gt=now).order_by("asked_at")


def _waiting_or_refused(agent: Agent, now: datetime) -> FactorRemoval:
    found = waiting(agent, now=now)
    if found is None:
        raise ActRefused("No removal waits for this agent: it was decided, or nobody decided in time.")
    return found


def _decide(asked: FactorRemoval, state: str, by: Actor, now: datetime) -> None:
    """Once: of two decisions at the same moment the first one stands."""
    mine = FactorRemoval.objects.filter(pk=asked.pk, state=State.WAITING, decide_by__gt=now)
    if not mine.update(state=state, decided_by=by.name, decided_at=now):
        raise ActRefused("Somebody else decided at this moment. Nothing more was done.")


def _lapse(agent: Agent, now: datetime) -> None:
    FactorRemoval.objects.filter(agent=agent, state=State.WAITING, decide_by__lte=now).update(state=State.LAPSED)
