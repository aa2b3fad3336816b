"""What only the agent knows: when the last login was, how many cases the newest book has.

They stand on no page of the desk (timeline.py leaves out what would tell them) and in no public register. The system
compares them, so seldom that they cannot be guessed, and says to nobody which one was wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.crypto import constant_time_compare

from extranet.agents.models import Agent
from extranet.credentials import throttle
from extranet.credentials.models import Account
from extranet.policy import local_day
from extranet.profile.in_force import zone
from extranet.profile.loader import current
from extranet.reports.shelf import weeks

LOGIN, CASES = "last_login_on", "cases"
ASKS: Mapping[str, str] = {
    LOGIN: "On which day did you log in last? (year-month-day)",
    CASES: "How many cases has your newest book? (The number stands on the agent's home page.)",
}
SCOPE = "desk-own-facts"
TRIES_A_DAY = 3  # of an agent, whoever asks: days and small numbers could be guessed


@dataclass(frozen=True)
class Compared:
    """How many answers count: all that there are, or none. ``all_right``: none that only the agent knows is missing."""

    matching: int
    all_right: bool


def of(agent: Agent, *, now: datetime) -> dict[str, list[str]]:
    """The facts that are there with their right answers, as ``normal`` writes them. Never for a page.

    Of logins the last two count: the newest may be a thief's, of which the owner knows nothing.
    """
    found = {LOGIN: _days(Account.objects.filter(agent=agent).first()), CASES: _cases(agent, now)}
    return {fact: right for fact, right in found.items() if right}


def are_complete(agent: Agent, *, now: datetime) -> bool:
    """Whether both are there: only then can a caller show enough to send mails elsewhere."""
    return of(agent, now=now).keys() == ASKS.keys()


def compare(*, agent: Agent, answers: Mapping[str, str], now: datetime) -> Compared:
    """Compare the answers to these questions, three times a day an agent; right ones give the tries back."""
    facts = of(agent, now=now)
    given = {fact: answer for fact, answer in answers.items() if fact in ASKS}
    if not given:
        return Compared(0, all_right=not facts)
    day, owner = timedelta(days=1), str(agent.pk)
    budget = throttle.Budget(SCOPE, day, ((TRIES_A_DAY, day),))
    if not throttle.take(budget=budget, owner=owner, now=now).allowed:
        return Compared(0, all_right=False)
    right = [
        any(constant_time_compare(answer, given.get(fact, "")) for answer in known) for fact, known in facts.items()
    ]
    if not facts or not all(right):
        return Compared(0, all_right=False)  # one right and one wrong say nothing, or each could be found by itself
    throttle.clear(owner=owner, scopes=(SCOPE,))
    return Compared(len(facts), all_right=True)


def normal(fact: str, value: str) -> str:
    """A day as ``2026-11-16``, a number without what surrounds it."""
    digits = re.sub(r"\D", "", value)
    if fact == LOGIN:
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 else ""
    return digits.lstrip("0")


def _days(account: Account | None) -> list[str]:
    moments = (account.last_login, account.previous_login_at) if account else ()
    return [local_day(moment, zone()).isoformat() for moment in moments if moment is not None]


def _cases(agent: Agent, now: datetime) -> list[str]:
    """Of the first report that the profile declares, the book; blank where the agent has none or an empty one."""
    found = weeks(agent=agent, kind=next(iter(current().reports)), now=now)
    return [str(week.cases) for week in found if week.current and week.cases]
