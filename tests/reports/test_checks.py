"""Faulty rows go to quarantine with line, column and reason; the rest is delivered."""

from datetime import date

import pytest

from extranet.reports.checks import Checked, check
from extranet.reports.reading import read
from extranet.reports.refusals import PublicationRefused
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


def checked(rows: list[Row], kind: str = BOOK, *, as_of: date = MONDAY) -> Checked:
    return check(read(csv_text(rows, kind).encode(), report(kind).layout), report(kind), as_of=as_of)


def faults(*rows: Row, kind: str = BOOK) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.reason) for fault in checked(list(rows), kind).faults]


def test_good_rows_have_no_fault() -> None:
    result = checked([book_row(ALICE, 1), book_row(BOB, 2)])
    assert (result.good.height, result.quarantined, result.faults) == (2, 0, [])
    assert result.constants == {"extract_date": "2026-11-16"}


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
def test_a_faulty_cell_is_told_by_line_column_and_reason(key: str, value: str, reason: str) -> None:
    header = report().layout.by_key[key].header
    assert (3, header, reason) in faults(book_row(ALICE, 1), book_row(ALICE, 2, **{key: value}))


def test_a_credit_above_what_is_allowed_is_a_fault() -> None:
    row = book_row(ALICE, 1, max_aptc="100.00", applied_aptc="100.01")
    header, limit = (report().layout.by_key[key].header for key in ("applied_aptc", "max_aptc"))
    assert faults(row) == [(2, header, f"is more than {limit}")]
    assert faults(book_row(ALICE, 1, max_aptc="100.00", applied_aptc="100")) == []


def test_no_fault_ever_holds_a_value() -> None:
    result = checked([book_row(ALICE, 1, case_number="Planted Person", res_zip="Planted", date_of_birth="Planted")])
    assert len(result.faults) == 3
    assert "Planted" not in str(result.faults)


def test_a_doubled_identity_quarantines_every_row_that_has_it() -> None:
    twin = book_row(ALICE, 1)
    result = checked([twin, book_row(ALICE, 2), {**twin, "agent_license": BOB}])
    assert [fault.line for fault in result.faults] == [2, 4]
    assert result.good["member_id"].to_list() == [book_row(ALICE, 2)["member_id"]]


def test_while_a_policy_is_pending_its_plan_tells_rows_apart() -> None:
    first, second = book_row(ALICE, 1, policy_id=""), book_row(ALICE, 1, policy_id="", hios_plan_id="40513CA0380005")
    assert faults(first, second) == []
    assert len(faults(first, first)) == 2


def test_negative_days_remaining_are_fine() -> None:
    assert faults(conditional_row(ALICE, 1, days_remaining="-4"), kind=CONDITIONAL) == []


def test_a_row_of_another_day_refuses_the_file_and_names_the_first_line() -> None:
    rows = [
        book_row(ALICE, 1),
        book_row(ALICE, 2, extract_date="2026-11-09"),
        book_row(BOB, 3, extract_date="2026-11-09"),
    ]
    with pytest.raises(PublicationRefused) as caught:
        checked(rows)
    assert caught.value.lines[0].startswith("line 3, Extract Date: is not 2026-11-16")


def test_misshapen_rows_are_quarantined_with_their_line() -> None:
    text = csv_text([book_row(ALICE, 1)]) + "a,b\n"
    result = check(read(text.encode(), report().layout), report(), as_of=MONDAY)
    assert result.quarantined == 1
    assert [(fault.line, fault.reason) for fault in result.faults] == [(3, "has 2 cells instead of 60")]


def test_a_file_of_faults_alone_is_read_to_its_end() -> None:
    result = checked([book_row(ALICE, number, res_zip="x") for number in range(1, 1_203)])
    assert (result.good.height, result.quarantined, len(result.faults)) == (0, 1_202, 1_000)
