"""Alice manages her factors, Bob must notice nothing; the clock stands on a Monday morning."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import time_machine
from pytest_django import Settings

from extranet.credentials.models import Account
from tests.credentials.people import new_account
from tests.reports.exchange import ALICE, BOB

Clock = time_machine.Traveller
Choose = Callable[[str], None]


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Iterator[Clock]:
    """Views look at this clock; tests move it."""
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def alice(db: None, now: datetime) -> Account:
    return new_account(ALICE, now=now)


@pytest.fixture
def bob(db: None, now: datetime) -> Account:
    return new_account(BOB, now=now, first_name="Bob")


@pytest.fixture
def under_policy(settings: Settings) -> Choose:
    """Put another named policy in force."""

    def choose(name: str) -> None:
        settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": name})

    return choose
