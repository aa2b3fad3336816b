"""Alice has an account and needs help; Bob is her colleague; Charlie is the stranger. Ada and Ben sit at the desk."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from extranet.agents.models import Agent
from extranet.agents.roster import TakenIn, take_in
from extranet.audit.record import Actor
from extranet.credentials.issue import issue_password, open_account
from extranet.credentials.models import Account
from extranet.service_center.identity import check_identity
from extranet.service_center.intake import receive
from extranet.service_center.models import SupportRequest
from tests.agents.conftest import ALICE, BOB, CHARLIE, OPERATOR, Row, roster_of
from tests.service_center.known import KNOWN, give_own_facts

ADA = Actor("staff", "staff\\ada", "192.0.2.0/24")
BEN = Actor("staff", "staff\\ben", "192.0.2.0/24")
SYSTEM = Actor.system("onboarding")
OFFICE = "198.51.100.0/24"
FORM = {
    "name": "Alice Nuñez-Ortega",
    "license": "1H12345",
    "email": "alice@example.org",
    "telephone": "(916) 555-0143",
    "text": "I cannot log in.\nMy client Zebulon Quux waits.",
}
ANSWERS = {"npn": "10000001", "phone": "916 555 0143", "email": "Alice@example.org"}
Post = Callable[..., SupportRequest]
Take = Callable[..., TakenIn]


@pytest.fixture
def agents(db: None, now: datetime) -> None:
    take_in(roster_of(ALICE, BOB, CHARLIE), by=OPERATOR, now=now)


@pytest.fixture
def alice(agents: None) -> Agent:
    return Agent.objects.get(license="1H12345")


@pytest.fixture
def bob(agents: None) -> Agent:
    return Agent.objects.get(license="0E12345")


@pytest.fixture
def charlie(agents: None) -> Agent:
    return Agent.objects.get(license="4012345")


@pytest.fixture
def account(alice: Agent, now: datetime) -> Account:
    made = open_account(agent=alice, now=now, by=SYSTEM)
    issue_password(account=made, now=now, by=SYSTEM)
    return made


@pytest.fixture
def post_form(agents: None, now: datetime) -> Post:
    """Send the public form as Alice would, with what is changed."""

    def posted(*, at: datetime = now, network: str = OFFICE, **changed: str) -> SupportRequest:
        typed: dict[str, Any] = {**FORM, **changed}
        return receive(**typed, network=network, now=at)

    return posted


@pytest.fixture
def take(now: datetime) -> Take:
    """Take in a later roster."""

    def taken(*rows: Row, at: datetime = now) -> TakenIn:
        return take_in(roster_of(*rows), by=OPERATOR, now=at, allow_drop=True)

    return taken


@pytest.fixture
def checked(alice: Agent, account: Account, now: datetime) -> Agent:
    """Alice, whose identity Ada has just checked, also by what only she knows."""
    give_own_facts(account, now=now)
    check = check_identity(agent=alice, answers={**ANSWERS, **KNOWN}, by=ADA, now=now)
    assert check.passed
    assert check.own
    return alice
