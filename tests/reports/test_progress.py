"""How far a publication is: reckoned by stage, told in its row once a second, never at the cost of the run."""

from datetime import datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from extranet.agents.models import Agent
from extranet.reports import progress
from extranet.reports.models import Publication
from extranet.reports.progress import Pace, Reached, amount, time_left, told
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, LAST_MONDAY, book_row


class Clock:
    """A watch that moves when it is told to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def row(db: None, now: datetime) -> Publication:
    return Publication.objects.create(
        kind="book-of-business", as_of=LAST_MONDAY, state="received", layout_version="1", received_at=now
    )


def stored(row: Publication) -> dict[str, object]:
    found: dict[str, object] = Publication.objects.values_list("progress", flat=True).get(id=row.id)
    return found


def test_rate_and_time_left_are_those_of_the_stage(clock: Clock) -> None:
    pace = Pace(clock.seconds)
    assert pace.reached("read", 0, 400) == Reached("read", 0, 400)
    clock.wait(2)
    assert pace.reached("read", 100, 400) == Reached("read", 100, 400, 50.0, 6.0)
    assert pace.reached("seal", 10, 100) == Reached("seal", 10, 100)
    clock.wait(3)
    assert pace.reached("seal", 40, 100) == Reached("seal", 40, 100, 10.0, 6.0)


def test_it_is_said_in_words() -> None:
    assert Reached("seal", 58_000, 140_000, 31_200, 65).words == (
        "58,000 of 140,000 rows, 31,200 a second, 1 min 5 s left"
    )
    assert Reached("read", 41_200_000, 812_000_000).words == "41.2 M of 812.0 M"
    assert Reached("sign", 0, 1).words == ""
    assert [time_left(seconds) for seconds in (0.4, 59, 60, 3_600, 7_265)] == [
        *("0 s", "59 s", "1 min 0 s", "1 h 0 min", "2 h 1 min")
    ]
    assert [amount(number) for number in (0, 999_999, 1_000_000)] == ["0", "999,999", "1.0 M"]


def test_it_stands_in_the_row_at_most_once_a_second(row: Publication, clock: Clock) -> None:
    tell = told(row.id, clock=clock)
    with CaptureQueriesContext(connection) as statements:
        for done in range(100):
            tell("read", done, 400)
    assert len(statements) == 1
    clock.wait(1)
    tell("read", 100, 400)
    assert stored(row) == {
        "stage": "read",
        "done": 100,
        "total": 400,
        "rate": 100.0,
        "left": 3,
        "at": clock.now.isoformat(),
    }


def test_whoever_started_it_hears_everything(row: Publication, clock: Clock) -> None:
    heard: list[tuple[str, int, int]] = []
    tell = told(row.id, clock=clock, then=lambda *what: heard.append(what))
    for done in range(5):
        tell("seal", done, 5)
    assert heard == [("seal", done, 5) for done in range(5)]


def test_a_database_that_is_busy_ends_no_publication(
    row: Publication, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy:
        @staticmethod
        def filter(**_: object) -> None:
            raise OperationalError("database is locked")

    tell = told(row.id, clock=clock)
    with monkeypatch.context() as patch:
        patch.setattr(progress, "Publication", type("Publication", (), {"objects": Busy}))
        tell("read", 1, 4)
    clock.wait(1)
    tell("read", 2, 4)
    assert stored(row)["done"] == 2


def test_a_publication_that_is_gone_is_not_brought_back(row: Publication, clock: Clock) -> None:
    tell = told(row.id, clock=clock)
    Publication.objects.all().delete()
    tell("read", 1, 4)
    assert not Publication.objects.exists()


def test_a_whole_run_can_be_told(alice: Agent, publish_rows: Publish, row: Publication, clock: Clock) -> None:
    def tell(stage: str, done: int, total: int) -> None:
        clock.wait(1)
        told(row.id, clock=clock)(stage, done, total)
        seen.append(str(stored(row)["stage"]))

    seen: list[str] = []
    Publication.objects.filter(id=row.id).update(state="recalled")  # no row in progress that the run would remove
    publish_rows([book_row(ALICE, 1)], progress=tell)
    assert list(dict.fromkeys(seen))[:1] == ["read"]
    assert {"seal", "reconcile", "sign"} <= set(seen)
