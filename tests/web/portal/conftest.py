"""Alice and Bob have cases, Charlie has none and must see nothing; the clock stands on a Monday morning."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime

import pytest
import time_machine
from django.test import Client

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.credentials.models import Account
from extranet.reports.publish import Outcome, publish
from tests.credentials.people import new_account
from tests.reports.exchange import ALICE, BOB, BOOK, CHARLIE, MONDAY, Row, book_row, csv_file
from tests.web.people import signed_in

Publish = Callable[..., Outcome]
PUBLISHER = Actor("staff", "staff\\ada", "192.0.2.0/24")
ALICES = [
    book_row(ALICE, 1, last_name="Nuñez-Ortega", enrollment_status="Enrolled", net_premium="1186.03"),
    book_row(ALICE, 2, last_name="Abbott", first_name="Zoë", enrollment_status="Pending", policy_id=""),
    book_row(ALICE, 3, last_name="<b>Bold</b>", first_name="=1+1", enrollment_status="Enrolled"),
]
BOBS = [book_row(BOB, 9, last_name="Quux", first_name="Zebulon")]


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
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
def charlie(db: None, now: datetime) -> Account:
    return new_account(CHARLIE, now=now, first_name="Charlie")


@pytest.fixture
def publish_rows(db: None, now: datetime) -> Publish:
    """Publish rows as a released file of the book."""

    def run(rows: Iterable[Row], *, kind: str = BOOK, as_of: date = MONDAY, at: datetime = now) -> Outcome:
        dated = [{**row, "extract_date": as_of.isoformat()} for row in rows]
        return publish(kind=kind, source=csv_file(dated, kind), as_of=as_of, by=PUBLISHER, now=at, release=True)

    return run


@pytest.fixture
def published(alice: Account, bob: Account, charlie: Account, publish_rows: Publish) -> None:
    """This Monday's book: three rows of Alice, one of Bob, none of Charlie."""
    publish_rows([*ALICES, *BOBS])


@pytest.fixture
def alices(alice: Account) -> Client:
    """Alice's browser, logged in."""
    return signed_in(alice)


@pytest.fixture
def bobs(bob: Account) -> Client:
    return signed_in(bob)


@pytest.fixture
def charlies(charlie: Account) -> Client:
    return signed_in(charlie)


def agent_of(account: Account) -> Agent:
    assert account.agent is not None
    return account.agent
