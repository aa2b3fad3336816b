"""Ada and Grace publish, Dora answers, Otto reads the trail, Amelia administers; Alice and Bob are agents, and Charlie
is the stranger who must get nothing. The clock stands on a Monday morning."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client

from extranet.credentials.models import Account, StaffRole
from tests.credentials.people import new_account
from tests.reports.exchange import ALICE, BOB, CHARLIE
from tests.web.people import signed_in
from tests.web.staff.people import at_work, staff_account


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    """Views look at this clock; tests move it."""
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ada(db: None, now: datetime) -> Account:
    return staff_account("ada", StaffRole.PUBLISHER, now=now)


@pytest.fixture
def grace(db: None, now: datetime) -> Account:
    """The second publisher."""
    return staff_account("grace", StaffRole.PUBLISHER, now=now)


@pytest.fixture
def dora(db: None, now: datetime) -> Account:
    return staff_account("dora", StaffRole.SERVICE_DESK, now=now)


@pytest.fixture
def otto(db: None, now: datetime) -> Account:
    return staff_account("otto", StaffRole.AUDITOR, now=now)


@pytest.fixture
def amelia(db: None, now: datetime) -> Account:
    return staff_account("amelia", StaffRole.ADMINISTRATOR, now=now)


@pytest.fixture
def publisher(ada: Account, clock: object) -> Client:
    """Ada's browser, logged in."""
    return at_work(ada)


@pytest.fixture
def second_publisher(grace: Account, clock: object) -> Client:
    return at_work(grace)


@pytest.fixture
def desk(dora: Account, clock: object) -> Client:
    return at_work(dora)


@pytest.fixture
def auditor(otto: Account, clock: object) -> Client:
    return at_work(otto)


@pytest.fixture
def administrator(amelia: Account, clock: object) -> Client:
    return at_work(amelia)


@pytest.fixture
def staff_clients(publisher: Client, desk: Client, auditor: Client, administrator: Client) -> dict[str, Client]:
    """A browser of each role, by the role's name."""
    return {
        StaffRole.PUBLISHER: publisher,
        StaffRole.SERVICE_DESK: desk,
        StaffRole.AUDITOR: auditor,
        StaffRole.ADMINISTRATOR: administrator,
    }


@pytest.fixture
def alice(db: None, now: datetime) -> Account:
    return new_account(ALICE, now=now)


@pytest.fixture
def bob(db: None, now: datetime) -> Account:
    return new_account(BOB, now=now, first_name="Bob")


@pytest.fixture
def charlie(db: None, now: datetime) -> Account:
    return new_account(CHARLIE, now=now, first_name="Charlie")


@pytest.fixture
def alices(alice: Account, clock: object) -> Client:
    """The agent's own browser: every staff page must refuse it."""
    return signed_in(alice)
