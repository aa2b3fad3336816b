"""Each setting that stops a roster or a file, with two values: what happens is not the same."""

import io
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from extranet.agents.roster import RosterDropsTooMany, import_roster
from extranet.policy import JOBAID
from extranet.reports.stops import Arrived, OldBook, stops
from tests.agents.conftest import CHARLIE, OPERATOR, as_csv
from tests.policy.conftest import Under
from tests.reports.test_stops import BEFORE, FILE, books, figures


def names(file: Arrived, **numbers: Any) -> list[str]:
    return [stop.name for stop in stops(file, BEFORE, replace(JOBAID, **numbers))]


@pytest.mark.django_db
@pytest.mark.parametrize(("roster_drop_share", "refused"), [(0.10, True), (0.50, False)])
def test_how_many_agents_a_roster_may_drop(
    under: Under, now: datetime, roster_drop_share: float, refused: bool
) -> None:
    under(roster_drop_share=roster_drop_share)
    rows = [{**CHARLIE, "license": f"40{n:05}", "email": f"a{n}@example.net"} for n in range(10)]
    import_roster(file=io.BytesIO(as_csv(rows)), name="all.csv", by=OPERATOR, now=now)
    fewer = io.BytesIO(as_csv(rows[:7]))
    if refused:
        with pytest.raises(RosterDropsTooMany):
            import_roster(file=fewer, name="fewer.csv", by=OPERATOR, now=now)
        return
    import_roster(file=fewer, name="fewer.csv", by=OPERATOR, now=now)


def test_how_many_rows_may_be_faulty() -> None:
    file = replace(FILE, quarantined=50)
    assert (names(file), names(file, quarantined_share=0.05)) == (["quarantined"], [])


def test_how_much_the_rows_may_change() -> None:
    file = replace(FILE, rows=1_400)
    assert (names(file), names(file, rows_change_share=0.40)) == (["rows"], [])


def test_how_much_the_members_may_change() -> None:
    file = replace(FILE, figures=figures(members=480))
    assert (names(file), names(file, members_change_share=0.40)) == (["members"], [])


def test_how_much_a_book_may_shrink() -> None:
    file = replace(FILE, books=books({1: 18, 2: 60}))
    assert (names(file), names(file, book_shrink_share=0.50)) == (["agents_shrank"], [])


def test_how_many_agents_books_may_shrink() -> None:
    old = {UUID(int=agent): OldBook(f"1H{agent:05d}", 40) for agent in range(100)}
    file = replace(FILE, books={agent: 10 if agent.int < 4 else 40 for agent in old})
    found = [
        [stop.name for stop in stops(file, replace(BEFORE, books=old), replace(JOBAID, book_shrink_agents_share=share))]
        for share in (0.005, 0.04)
    ]
    assert found == [["agents_shrank"], []]


def test_how_much_otherwise_a_column_may_be_filled() -> None:
    file = replace(FILE, figures=figures(zip=800))
    assert (names(file), names(file, fill_drift_share=0.20)) == (["column_fill"], [])


def test_how_much_otherwise_values_may_be_shared_out() -> None:
    file = replace(FILE, figures=figures(Enrolled=770, Terminated=230))
    assert (names(file), names(file, mix_drift_share=0.20)) == (["column_mix"], [])


def test_in_how_many_rows_a_drift_says_something() -> None:
    file = replace(FILE, figures=figures(zip=800))
    assert (names(file), names(file, drift_rows=1_001)) == (["column_fill"], [])
