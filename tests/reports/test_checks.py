"""Faulty rows go to quarantine with line, column and reason; the rest is delivered."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from extranet.reports.refusals import PublicationRefused
from extranet.reports.sort_rows import Sorted
from tests.reports.exchange import (
    ALICE,
    BOB,
    BOOK,
    CONDITIONAL,
    MONDAY,
    Row,
    book_row,
    conditional_row,
    csv_text,
    report,
)
from tests.reports.first_pass import sorted_text

Checked = Callable[..., Sorted]
Faults = Callable[..., list[tuple[int, str, str]]]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    def run(rows: list[Row], kind: str = BOOK, *, as_of: date = MONDAY) -> Sorted:
        return sorted_text(csv_text(rows, kind), tmp_path, kind, as_of=as_of)[0]

    return run


@pytest.fixture
def faults(checked: Checked) -> Faults:
    def run(*rows: Row, kind: str = BOOK) -> list[tuple[int, str, str]]:
        return [(fault.line, fault.column, fault.reason) for fault in checked(list(rows), kind).faults]

    return run


def test_good_rows_have_no_fault(checked: Checked) -> None:
    result = checked([book_row(ALICE, 1), book_row(BOB, 2)])
    assert (result.delivered, result.quarantined, result.faults) == (2, 0, [])
    assert result.header.constants == {"extract_date": "2026-11-16"}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("case_number", "", "is blank and is required"),
        ("case_number", "12345", "does not have the form that is declared"),
        ("case_number", "5004300001\n", "does not have the form that is declared"),
        ("agent_license", "0e12345", "does not have the form that is declared"),
        ("res_zip", "9581", "does not have the form that is declared"),
        ("date_of_birth", "2026-02-30", "is no date (YYYY-MM-DD)"),
        ("date_of_birth", "02/28/2026", "is no date (YYYY-MM-DD)"),
        ("last_updated", "2026-11-14 03:10", "is no moment (YYYY-MM-DDTHH:MM:SSZ)"),
        ("last_updated", "2026-11-14T25:10:00Z", "is no moment (YYYY-MM-DDTHH:MM:SSZ)"),
        ("household_size", "three", "is no whole number"),
        ("household_size", "2.5", "is no whole number"),
        ("household_size", "0", "is below 1"),
        ("household_size", "21", "is above 20"),
        ("fpl_percent", "1e3", "is no number"),
        ("member_premium", "$336.24", "is no amount (at most two decimals)"),
        ("member_premium", "336.245", "is no amount (at most two decimals)"),
        ("member_premium", "-0.01", "is below 0"),
        ("coverage_type", "health", "is not one of the allowed values"),
        ("conditional_flag", "Yes", "is neither Y nor N"),
    ],
)
def test_a_faulty_cell_is_told_by_line_column_and_reason(key: str, value: str, reason: str, faults: Faults) -> None:
    header = report().layout.by_key[key].header
    assert (3, header, reason) in faults(book_row(ALICE, 1), book_row(ALICE, 2, **{key: value}))


def test_a_credit_above_what_is_allowed_is_a_fault(faults: Faults) -> None:
    row = book_row(ALICE, 1, max_aptc="100.00", applied_aptc="100.01")
    header, limit = (report().layout.by_key[key].header for key in ("applied_aptc", "max_aptc"))
    assert faults(row) == [(2, header, f"is more than {limit}")]
    assert faults(book_row(ALICE, 1, max_aptc="100.00", applied_aptc="100")) == []


def test_no_fault_ever_holds_a_value(checked: Checked) -> None:
    result = checked([book_row(ALICE, 1, case_number="Planted Person", res_zip="Planted", date_of_birth="Planted")])
    assert len(result.faults) == 3
    assert "Planted" not in str(result.faults)


def test_a_doubled_identity_quarantines_every_row_that_has_it_however_far_apart_they_stand(tmp_path: Path) -> None:
    twin, others = book_row(ALICE, 1), [book_row(ALICE, number) for number in range(2, 40)]
    text = csv_text([twin, *others, {**twin, "agent_license": BOB}])
    result, delivered = sorted_text(text, tmp_path)
    assert [(fault.line, fault.reason) for fault in result.faults] == [
        (2, "the same row stands more than once"),
        (41, "the same row stands more than once"),
    ]
    assert delivered == [row["case_number"] for row in others]
    assert (result.quarantined, result.delivered, result.unassigned) == (2, 38, 0)


def test_a_faulty_twin_takes_the_other_one_with_it(tmp_path: Path) -> None:
    text = csv_text([book_row(ALICE, 1), book_row(ALICE, 1, res_zip="x"), book_row(ALICE, 2)])
    result, delivered = sorted_text(text, tmp_path)
    assert sorted({fault.line for fault in result.faults}) == [2, 3]
    assert (result.quarantined, delivered) == (2, [book_row(ALICE, 2)["case_number"]])


def test_while_a_policy_is_pending_its_plan_tells_rows_apart(faults: Faults) -> None:
    first, second = book_row(ALICE, 1, policy_id=""), book_row(ALICE, 1, policy_id="", hios_plan_id="40513CA0380005")
    assert faults(first, second) == []
    assert len(faults(first, first)) == 2


def test_negative_days_remaining_are_fine(faults: Faults) -> None:
    assert faults(conditional_row(ALICE, 1, days_remaining="-4"), kind=CONDITIONAL) == []


def test_a_row_of_another_day_refuses_the_file_and_names_the_first_line(checked: Checked) -> None:
    rows = [
        book_row(ALICE, 1),
        book_row(ALICE, 2, extract_date="2026-11-09"),
        book_row(BOB, 3, extract_date="2026-11-09"),
    ]
    with pytest.raises(PublicationRefused) as caught:
        checked(rows)
    assert caught.value.lines[0].startswith("line 3, Extract Date: is not 2026-11-16")


def test_misshapen_rows_are_quarantined_with_their_line(tmp_path: Path) -> None:
    result, _ = sorted_text(csv_text([book_row(ALICE, 1)]) + "a,b\n", tmp_path)
    assert result.quarantined == 1
    assert [(fault.line, fault.reason) for fault in result.faults] == [(3, "has 2 cells instead of 60")]


def test_a_file_of_faults_alone_is_read_to_its_end(checked: Checked) -> None:
    result = checked([book_row(ALICE, number, res_zip="x") for number in range(1, 1_203)])
    assert (result.delivered, result.quarantined, len(result.faults)) == (0, 1_202, 1_000)
