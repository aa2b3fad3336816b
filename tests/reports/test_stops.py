"""Stops before release: each reason, the figures beside those of the week before, and where it begins."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from extranet.policy import JOBAID
from extranet.reports.figures import ColumnFigures, Figures
from extranet.reports.stops import Arrived, OldBook, Side, Stop, Week, stops
from tests.reports.exchange import LAST_MONDAY, MONDAY

HEADERS = {"zip": "Residence ZIP", "status": "Policy Status", "plan": "Renewal Plan"}
STATUS = {"Enrolled": 900, "Terminated": 100, "Cancelled": 0}


def figures(*, rows: int = 1_000, members: int = 800, zip: int = 980, plan: int = 500, **status: int) -> Figures:
    columns = {"zip": ColumnFigures(zip), "plan": ColumnFigures(plan)}
    columns["status"] = ColumnFigures(1_000, {**STATUS, **status})
    return Figures(rows, members, 600, columns)


def books(sizes: Mapping[int, int]) -> dict[UUID, int]:
    return {UUID(int=agent): rows for agent, rows in sizes.items()}


FILE = Arrived(MONDAY, MONDAY, 1_000, 0, 1_000, figures(), books({1: 30, 2: 60}), HEADERS)
BEFORE = Week(LAST_MONDAY, 1_000, figures(), {UUID(int=1): OldBook("1H10001", 30), UUID(int=2): OldBook("1H10002", 60)})


def found(file: Arrived = FILE, before: Week | None = BEFORE) -> list[Stop]:
    return stops(file, before, JOBAID)


def names(file: Arrived = FILE, before: Week | None = BEFORE) -> list[str]:
    return [stop.name for stop in found(file, before)]


def test_a_week_like_the_one_before_goes_through() -> None:
    assert found() == []


@pytest.mark.parametrize(("quarantined", "held"), [(20, []), (21, ["quarantined"])])
def test_more_than_two_rows_in_a_hundred_may_not_be_faulty(quarantined: int, held: list[str]) -> None:
    assert names(replace(FILE, quarantined=quarantined)) == held


@pytest.mark.parametrize(("rows", "held"), [(1_300, []), (1_301, ["rows"]), (700, []), (699, ["rows"])])
def test_rows_may_not_grow_or_shrink_by_more_than_a_third_or_so(rows: int, held: list[str]) -> None:
    assert names(replace(FILE, rows=rows)) == held


def test_the_figures_stand_side_by_side() -> None:
    (stop,) = found(replace(FILE, figures=figures(members=400)))
    assert stop.name == "members"
    assert stop.text == "400 members against 800 in the publication of 2026-11-09: a change of more than 30%"
    assert stop.sides == (Side("Members", "800", "400", "-50.0%", "±30%"),)
    assert Stop.from_json(stop.to_json()) == stop


def test_a_file_for_nobody_is_held() -> None:
    assert names(replace(FILE, delivered=0)) == ["nobody"]


def test_a_day_that_is_not_the_expected_one_is_named_with_it() -> None:
    (stop,) = found(replace(FILE, as_of=date(2026, 11, 17)))
    assert stop.name == "date"
    assert stop.text.startswith("Tuesday 2026-11-17 is no day")
    assert stop.text.endswith("it is expected on Monday 2026-11-16")


@pytest.mark.parametrize(("now", "held"), [(19, []), (18, ["agents_shrank"]), (0, ["agents_shrank"])])
def test_a_book_that_lost_four_rows_in_ten_holds_a_small_exchange(now: int, held: list[str]) -> None:
    assert names(replace(FILE, books=books({1: now, 2: 60} if now else {2: 60}))) == held


def test_shrunk_books_are_listed_by_license_the_largest_loss_first() -> None:
    (stop,) = found(replace(FILE, books=books({1: 10, 2: 20})))
    assert stop.text.startswith("2 agents of 2 with at least 20 rows")
    assert [side.label for side in stop.sides] == ["1H10002", "1H10001"]
    assert stop.sides[0] == Side("1H10002", "60", "20", "-66.7%", "-40%")


@pytest.mark.parametrize(("shrunk", "held"), [(5, []), (6, ["agents_shrank"])])
def test_in_a_large_exchange_some_books_may_shrink(shrunk: int, held: list[str]) -> None:
    old = {UUID(int=agent): OldBook(f"1H{agent:05d}", 40) for agent in range(1_000)}
    now = {agent: 10 if agent.int < shrunk else 40 for agent in old}
    assert names(replace(FILE, books=now), replace(BEFORE, books=old)) == held


def test_of_many_shrunk_books_fifty_are_listed() -> None:
    old = {UUID(int=agent): OldBook(f"1H{agent:05d}", 40) for agent in range(80)}
    (stop,) = found(replace(FILE, books={}), replace(BEFORE, books=old))
    assert (stop.text[:9], len(stop.sides)) == ("80 agents", 50)


@pytest.mark.parametrize(("filled", "held"), [(881, []), (879, ["column_fill"]), (0, ["column_fill"])])
def test_a_column_filled_far_less_often_holds_the_file(filled: int, held: list[str]) -> None:
    assert names(replace(FILE, figures=figures(zip=filled))) == held


def test_the_drifted_column_is_named_with_both_shares() -> None:
    (stop,) = found(replace(FILE, figures=figures(zip=120)))
    assert stop.text == "filled otherwise than in the publication of 2026-11-09: Residence ZIP"
    assert stop.sides == (Side("Residence ZIP", "98.0%", "12.0%", "-86.0 points", "±10.0 points"),)


def test_a_thinly_filled_column_of_which_nothing_is_left_holds_the_file() -> None:
    wide = replace(BEFORE, figures=figures(rows=10_000, plan=300), rows=10_000)
    now = replace(FILE, figures=figures(rows=10_000, plan=0), rows=10_000)
    assert [side.limit for stop in found(now, wide) for side in stop.sides] == ["not empty"]
    few = replace(wide, figures=figures(rows=10_000, plan=199))
    assert names(now, few) == []


@pytest.mark.parametrize(("ended", "held"), [(200, []), (230, ["column_mix"])])
def test_values_shared_out_otherwise_hold_the_file(ended: int, held: list[str]) -> None:
    assert names(replace(FILE, figures=figures(Enrolled=1_000 - ended, Terminated=ended))) == held


def test_the_mix_is_told_value_by_value() -> None:
    (stop,) = found(replace(FILE, figures=figures(Enrolled=500, Terminated=100, Cancelled=400)))
    assert stop.sides[0] == Side("Policy Status: all values", "", "", "40.0 points", "10.0 points")
    assert {(side.label, side.before, side.now) for side in stop.sides[1:]} == {
        ("Policy Status: Enrolled", "90.0%", "50.0%"),
        ("Policy Status: Cancelled", "0.0%", "40.0%"),
    }


def test_in_few_rows_a_drift_says_nothing() -> None:
    small = figures(rows=199, zip=0, Enrolled=0, Terminated=150)
    assert names(replace(FILE, figures=small), replace(BEFORE, figures=replace(BEFORE.figures, rows=199))) == []


def test_a_column_that_only_one_week_has_is_no_drift() -> None:
    columns = {key: figures().columns[key] for key in ("status", "plan")}
    assert names(FILE, replace(BEFORE, figures=replace(BEFORE.figures, columns=columns))) == []
    assert names(replace(FILE, figures=replace(FILE.figures, columns=columns))) == []


def test_without_a_week_before_only_what_needs_none_stops() -> None:
    odd = replace(FILE, rows=5, quarantined=5, delivered=0, figures=figures(zip=0, members=1), books={})
    assert names(odd, None) == ["quarantined", "nobody"]


def test_a_week_published_before_figures_were_kept_is_compared_by_its_rows() -> None:
    old = replace(BEFORE, figures=Figures(), books={})
    assert names(FILE, old) == []
    assert names(replace(FILE, rows=1_500), old) == ["rows"]
