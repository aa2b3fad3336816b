"""Alice and Bob with accounts, and browsers on the reset host."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client

from extranet.credentials.models import Account
from tests.credentials.people import new_account
from tests.web.reset_site.browser import Browser


@pytest.fixture
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    """The time of the pages, which look at the clock themselves; it stands still until it is moved."""
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def alice(db: None, now: datetime) -> Account:
    return new_account("4000001", now=now)


@pytest.fixture
def bob(db: None, now: datetime) -> Account:
    return new_account("4000002", now=now, first_name="Bob", email="bob@harbor.test")


@pytest.fixture
def browser(clock: object) -> Browser:
    """Alice's: it keeps its cookies, checks forms like a real one, and enforces CSRF."""
    return Browser(Client(enforce_csrf_checks=True, headers={"host": "reset.test", "user-agent": "Firefox (Windows)"}))


@pytest.fixture
def other(clock: object) -> Browser:
    """Another one, with no cookie of hers: her phone, a scanner, or Charlie's."""
    return Browser(Client(enforce_csrf_checks=True, headers={"host": "reset.test", "user-agent": "Safari (iPhone)"}))
