"""Is the caller who he says he is? Staff type in what the caller answers and the system decides (J17, J19).

Three facts must match, and facts of public registers alone are never enough. That opens what goes to the known address.
What would send mails elsewhere, or let somebody in, takes the agent's own facts too (own_facts.py). The license number
is no fact: it stands on every agent's card. docs/decisions/0022 has the reasons.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from extranet.agents.agency import open_membership
from extranet.agents.models import Agent
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.service_center import own_facts
from extranet.service_center.models import IdentityCheck

NEEDED = 3  # matching facts
GOOD_FOR = timedelta(minutes=30)  # of one member of staff, for one agent
ASKS: Mapping[str, str] = {
    "npn": "What is your National Producer Number?",
    "phone": "Which telephone number do we have for you?",
    "email": "Which e-mail address do we have for you?",
    "agency_license": "What is the license number of your agency?",
    "agency_name": "What is the name of your agency?",
    "certified_on": "On which day were you first certified? (year-month-day)",
    "last_name": "What is your last name?",
    **own_facts.ASKS,
}
REGISTERS = frozenset({"npn", "agency_license", "agency_name", "last_name"})
"""Facts that stand in public registers: no number of them shows who calls."""


class IdentityNotChecked(Exception):
    """Nobody of the name has checked this agent's identity in the last thirty minutes."""


class OwnFactsNotChecked(IdentityNotChecked):
    """The identity is checked, but not by what only the agent knows."""


class AnswersRefused(Exception):
    """An answer to a question that is not asked; nothing was compared."""


@dataclass(frozen=True)
class Question:
    """One fact to ask for; ``fact`` is its name in ``answers``."""

    fact: str
    text: str


def questions(agent: Agent, *, now: datetime) -> list[Question]:
    """What may be asked about this agent: only facts that are there, the least known of the roster's first."""
    facts: Mapping[str, object] = {**_facts(agent), **own_facts.of(agent, now=now)}
    return [Question(fact, text) for fact, text in ASKS.items() if facts.get(fact)]


def check_identity(*, agent: Agent, answers: Mapping[str, str], by: Actor, now: datetime) -> IdentityCheck:
    """Compare the answers with the roster and keep the outcome, never the answers. ``passed`` says whether it is good.

    Blank answers count as not asked. Raises AnswersRefused.
    """
    unknown = set(answers) - set(ASKS)
    if unknown:
        raise AnswersRefused(", ".join(sorted(unknown)))
    facts = _facts(agent)
    given = {fact: normal for fact, answer in answers.items() if (normal := _normal(fact, answer))}
    matching = sorted(fact for fact, answer in given.items() if facts.get(fact) == answer)
    own = own_facts.compare(agent=agent, answers=given, now=now)
    shown = [fact for fact in matching if fact not in REGISTERS]
    passed = len(matching) + own.matching >= NEEDED and bool(shown or own.matching)
    with transaction.atomic():
        check = IdentityCheck.objects.create(
            agent=agent,
            by=by.name,
            at=now,
            passed=passed,
            own=passed and own.all_right,
            compared=sorted(given),
            good_until=now + GOOD_FOR if passed else now,
        )
        action = Action.IDENTITY_CHECKED if passed else Action.IDENTITY_CHECK_FAILED
        detail: dict[str, JsonValue] = {"compared": sorted(given), "matching": matching, "own": check.own}
        record(action=action, now=now, actor=by, subject=copied_name(agent.license), detail=detail)
    return check


def good_check(*, agent: Agent, by: Actor, now: datetime) -> IdentityCheck | None:
    """The newest check of this agent by this member of staff that is still good; one by own facts before others."""
    good = IdentityCheck.objects.filter(agent=agent, by=by.name, passed=True, at__lte=now, good_until__gt=now)
    return good.order_by("-own", "-at", "-id").first()


def require_check(*, agent: Agent, act: str, by: Actor, now: datetime, own: bool = False) -> IdentityCheck:
    """That check; otherwise the refused act is recorded and IdentityNotChecked raised. Call it before the act's
    transaction. ``own``: by what only the agent knows, too, else OwnFactsNotChecked."""
    check = good_check(agent=agent, by=by, now=now)
    if check is None:
        _note(agent, act, "identity not checked", by, now)
        raise IdentityNotChecked(f"Check the identity of {agent.full_name} first.")
    if own and not check.own:
        _note(agent, act, "not checked by own facts", by, now)
        raise OwnFactsNotChecked("Check the identity again: this act takes the answers that only the agent knows.")
    return check


def _note(agent: Agent, act: str, reason: str, by: Actor, now: datetime) -> None:
    detail = {"act": act, "reason": reason}
    record_refusal(action=Action.ACCESS_REFUSED, now=now, actor=by, subject=copied_name(agent.license), detail=detail)


def _facts(agent: Agent) -> dict[str, str]:
    membership = open_membership(agent)
    values = {
        "npn": agent.npn,
        "phone": agent.phone,
        "email": agent.email,
        "agency_license": membership.agency.license if membership else "",
        "agency_name": agent.agency_name,
        "certified_on": agent.certified_on.isoformat(),
        "last_name": agent.last_name,
    }
    return {fact: _normal(fact, value) for fact, value in values.items()}


def _normal(fact: str, value: str) -> str:
    """Forgive how things are said and typed: case, accents, blanks and punctuation; of telephones a leading 1."""
    if fact in own_facts.ASKS:
        return own_facts.normal(fact, value)
    if fact in ("npn", "phone"):
        digits = re.sub(r"\D", "", value)
        return digits.removeprefix("1") if fact == "phone" and len(digits) == 11 else digits
    text = unicodedata.normalize("NFKD", value).casefold()
    if fact == "email":
        return text.strip()
    return "".join(sign for sign in text if sign.isalnum())
