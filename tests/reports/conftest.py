"""Alice and Bob have cases, Charlie is certified and has none: the stranger who must get nothing."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

import pytest

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.record import Actor
from extranet.reports.book import Book
from extranet.reports.publish import Outcome, publish
from extranet.reports.shelf import open_book
from tests.reports.exchange import ALICE, BOB, BOOK, CHARLIE, MONDAY, Row, csv_file

Publish = Callable[..., Outcome]
Open = Callable[..., Book]


def make_agent(license: str, name: str, *, status: CertificationStatus = CertificationStatus.CERTIFIED) -> Agent:
    return Agent.objects.create(
        license=license,
        first_name=name,
        last_name="Example",
        email=f"{name.lower()}@agents.example",
        roster_email=f"{name.lower()}@agents.example",
        status=status,
        status_on=date(2026, 1, 5),
        certified_on=date(2026, 1, 5),
        created_at=datetime(2026, 1, 5, 18, tzinfo=UTC),
    )


@pytest.fixture
def alice(db: None) -> Agent:
    return make_agent(ALICE, "Alice")


@pytest.fixture
def bob(db: None) -> Agent:
    return make_agent(BOB, "Bob")


@pytest.fixture
def charlie(db: None) -> Agent:
    return make_agent(CHARLIE, "Charlie")


@pytest.fixture
def publisher() -> Actor:
    return Actor("staff", "staff\\ada", "192.0.2.0/24")


@pytest.fixture
def publish_rows(db: None, publisher: Actor, now: datetime) -> Publish:
    """Publish rows as a file of the book, released unless said otherwise."""

    def run(rows: Iterable[Row], *, kind: str = BOOK, as_of: date = MONDAY, **options: object) -> Outcome:
        settled: dict[str, object] = {"by": publisher, "now": now, "release": True, **options}
        return publish(kind=kind, source=csv_file(rows, kind), as_of=as_of, **settled)  # type: ignore[arg-type]

    return run


@pytest.fixture
def open_for(now: datetime) -> Open:
    """Open the book of an agent, through an open gate."""

    def run(agent: Agent, *, kind: str = BOOK, week: date | None = None, **options: object) -> Book:
        settled: dict[str, object] = {
            "actor": Actor("agent", agent.license),
            "now": now,
            "gate": lambda: None,
            **options,
        }
        return open_book(agent=agent, kind=kind, week=week, **settled)  # type: ignore[arg-type]

    return run
