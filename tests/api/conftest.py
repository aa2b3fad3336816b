"""Ada and Grace publish by program; Dora answers requests and Alice is an agent: neither gets anything here."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from extranet.audit.record import Actor
from extranet.credentials import api_tokens
from extranet.credentials.models import Account, StaffRole
from tests.credentials.people import new_account
from tests.reports.exchange import ALICE, BOB
from tests.web.staff.people import staff_account

Call = Callable[..., Any]
SHELL = Actor("shell", "os:root")
ADDRESS = "203.0.113.9"


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ada(db: None, now: datetime) -> Account:
    return staff_account("ada", StaffRole.PUBLISHER, now=now)


@pytest.fixture
def grace(db: None, now: datetime) -> Account:
    return staff_account("grace", StaffRole.PUBLISHER, now=now)


@pytest.fixture
def alice(db: None, now: datetime) -> Account:
    return new_account(ALICE, now=now)


@pytest.fixture
def bob(db: None, now: datetime) -> Account:
    return new_account(BOB, now=now, first_name="Bob")


def token_of(account: Account, now: datetime, **more: Any) -> str:
    return api_tokens.make(account=account, name="nightly job", by=SHELL, now=now, **more).token


def program(token: str = "", *, address: str = ADDRESS) -> Client:
    """A program with that token, or with none."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client(SERVER_NAME="portal.test", REMOTE_ADDR=address, headers=headers, enforce_csrf_checks=True)


@pytest.fixture
def adas(ada: Account, now: datetime, clock: object) -> Client:
    return program(token_of(ada, now))


@pytest.fixture
def graces(grace: Account, now: datetime, clock: object) -> Client:
    return program(token_of(grace, now))
