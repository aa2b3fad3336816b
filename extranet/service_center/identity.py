"""Is the caller who he says he is? Staff type in what the caller answers and the roster decides (J17, J19).

Three facts must match. The license number is not one of them: it stands on every agent's card.
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
from extranet.audit.record import Actor, record, record_refusal
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
}


class IdentityNotChecked(Exception):
    """Nobody of the name has checked this agent's identity in the last thirty minutes."""


class AnswersRefused(Exception):
    """An answer to a question that is not asked; nothing was compared."""


@dataclass(frozen=True)
class Question:
    """One fact to ask for; ``fact`` is its name in ``answers``."""

    fact: str
    text: str


def questions(agent: Agent) -> list[Question]:
    """What may be asked about this agent: only facts that the roster holds, the least known first."""
    facts = _facts(agent)
    return [Question(fact, text) for fact, text in ASKS.items() if facts[fact]]


def check_identity(*, agent: Agent, answers: Mapping[str, str], by: Actor, now: datetime) -> IdentityCheck:
    """Compare the answers with the roster and keep the outcome, never the answers. ``passed`` says whether it is good.

    Blank answers count as not asked. Raises AnswersRefused.
    """
    unknown = set(answers) - set(ASKS)
    if unknown:
        raise AnswersRefused(", ".join(sorted(unknown)))
    facts = _facts(agent)
    given = {fact: normal for fact, answer in answers.items() if (normal := _normal(fact, answer))}
    matching = sorted(fact for fact, answer in given.items() if facts[fact] == answer)
    passed = len(matching) >= NEEDED
    with transaction.atomic():
        check = IdentityCheck.objects.create(
            agent=agent,
            by=by.name,
            at=now,
            passed=passed,
            compared=sorted(given),
            good_until=now + GOOD_FOR if passed else now,
        )
        action = Action.IDENTITY_CHECKED if passed else Action.IDENTITY_CHECK_FAILED
        detail = {"compared": sorted(given), "matching": matching}
        record(action=action, now=now, actor=by, subject=copied_name(agent.license), detail=detail)
    return check


def good_check(*, agent: Agent, by: Actor, now: datetime) -> IdentityCheck | None:
    """The newest check of this agent by this member of staff that is still good."""
    good = IdentityCheck.objects.filter(agent=agent, by=by.name, passed=True, at__lte=now, good_until__gt=now)
    return good.order_by("-at", "-id").first()


def require_check(*, agent: Agent, act: str, by: Actor, now: datetime) -> IdentityCheck:
    """That check; otherwise the refused act is recorded and IdentityNotChecked raised. Call it before the act's
    transaction."""
    check = good_check(agent=agent, by=by, now=now)
    if check is None:
        detail = {"act": act, "reason": "identity not checked"}
        record_refusal(
            action=Action.ACCESS_REFUSED, now=now, actor=by, subject=copied_name(agent.license), detail=detail
        )
        raise IdentityNotChecked(f"Check the identity of {agent.full_name} first.")
    return check


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
    if fact in ("npn", "phone"):
        digits = re.sub(r"\D", "", value)
        return digits.removeprefix("1") if fact == "phone" and len(digits) == 11 else digits
    text = unicodedata.normalize("NFKD", value).casefold()
    if fact == "email":
        return text.strip()
    return "".join(sign for sign in text if sign.isalnum())
