"""What waits for an answer, oldest first, and the clock on it (J30)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from extranet.agents.find import typed
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.policy import ClockState, clock_state
from extranet.profile.in_force import policy as policy_in_force
from extranet.service_center.models import RequestState, SupportRequest
from extranet.service_center.sealed import Written, text_of, written_in


@dataclass(frozen=True)
class Waiting:
    """One line of the queue: nothing that a person wrote."""

    request: SupportRequest
    clock: ClockState
    agent: Agent | None


@dataclass(frozen=True)
class Step:
    """One thing done about a request."""

    at: datetime
    by: str
    what: str
    text: str


@dataclass(frozen=True)
class Opened:
    """A request as staff read it. ``from_roster_address``: the answer would go to an address the exchange knows."""

    request: SupportRequest
    clock: ClockState
    written: Written
    steps: list[Step]
    from_roster_address: bool


class RequestUnknown(Exception):
    """No request has that number."""


def waiting(*, now: datetime) -> list[Waiting]:
    """All open requests: overdue before due before running, within each the oldest first."""
    rows = SupportRequest.objects.select_related("agent").filter(state=RequestState.OPEN)
    return [Waiting(row, clock(row, now), row.agent) for row in rows.order_by("due_at", "number")]


def clock(request: SupportRequest, now: datetime) -> ClockState:
    """Where the request stands; a closed one counts as answered."""
    done = request.answered_at or request.closed_at
    return clock_state(request.received_at, done, now, policy_in_force())


def find(number: str) -> SupportRequest:
    """The request of that number, in any case; raises RequestUnknown."""
    row = SupportRequest.objects.select_related("agent").filter(number=_as_drawn(number)).first()
    if row is None:
        raise RequestUnknown(number)
    return row


def open_of(agent: Agent, number: str) -> SupportRequest | None:
    """The open request of that number, if it is this agent's: an act never lands in another one's request."""
    return SupportRequest.objects.filter(agent=agent, number=_as_drawn(number), state=RequestState.OPEN).first()


def _as_drawn(number: str) -> str:
    """The number as it was given out, from what somebody typed."""
    return typed(number).strip().upper()


@transaction.atomic
def view(*, number: str, by: Actor, now: datetime) -> Opened:
    """Open a request for reading; every look is recorded. Raises RequestUnknown."""
    request = find(number)
    written = written_in(request)
    record(action=Action.REQUEST_VIEWED, now=now, actor=by, subject=request.number)
    known = request.agent is not None and request.agent.email.casefold() == written["email"].casefold()
    steps = [Step(step.at, step.by, step.what, text_of(step)) for step in request.steps.order_by("id")]
    return Opened(request, clock(request, now), written, steps, known)


def take(*, request: SupportRequest, by: Actor) -> bool:
    """Say that one is at it, so that two do not answer; False if somebody else was first."""
    free = SupportRequest.objects.filter(pk=request.pk, state=RequestState.OPEN, taken_by__in=["", by.name])
    return bool(free.update(taken_by=by.name))
