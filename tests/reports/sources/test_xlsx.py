"""Workbooks as publishers save them: what a sheet can hold without losing anything is read as its CSV would be."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.reports.exchange import ALICE, CONDITIONAL, book_row, conditional_row, report
from tests.reports.sources.files import ROWS, chunks_of, hand_made, refusal, rows_of, sheet, workbook

KEYS = report().layout.keys


def with_cell(key: str, value: object, number_format: str = "") -> str:
    """What a cell of the first row is read as."""

    def act(book: Any) -> None:
        place = book.active.cell(2, KEYS.index(key) + 1, value)
        place.number_format = number_format or place.number_format

    return rows_of(workbook(act=act))[0][key]


@pytest.mark.parametrize("typed", [False, True])
def test_texts_and_typed_cells_are_read_as_the_csv(typed: bool) -> None:
    rows = [*ROWS, book_row(ALICE, 3, is_primary_contact="N", member_premium="0.10", max_aptc="512.00")]
    assert rows_of(workbook(rows, typed=typed)) == rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (512, "512.00"),
        (336.24, "336.24"),
        (-0.1, "-0.10"),
        (0.1 + 0.2, "0.30"),  # Excel shows it so: the rest is noise of binary fractions
        (500.095, "500.095"),  # not a whole cent: kept, so that the check tells of it
        (1e15, "1000000000000000.00"),
        (1e-7, "0.0000001"),
        (Decimal("12345678.91"), "12345678.91"),
    ],
)
def test_an_amount_keeps_its_cents(value: object, text: str) -> None:
    assert with_cell("member_premium", value) == text


def test_days_and_booleans_are_read_as_a_csv_writes_them() -> None:
    assert with_cell("date_of_birth", date(1980, 2, 29)) == "1980-02-29"
    assert with_cell("date_of_birth", 29280, "d. mmm yy") == "1980-02-29"
    assert with_cell("is_primary_contact", False) == "N"
    assert with_cell("date_of_birth", datetime(1980, 2, 29)) == "1980-02-29"  # noqa: DTZ001 -- a sheet has no zones


def test_headers_may_stand_below_blank_rows_and_in_any_order_and_rows_keep_their_numbers() -> None:
    headers, cells = list(report().layout.headers), [ROWS[0][key] for key in KEYS]
    data = sheet([], [], headers[::-1], cells[::-1], [], [None, "", None], cells[::-1])
    (chunk,) = chunks_of(data)
    assert chunk.lines.tolist() == [4, 7]
    assert chunk.rows.row(0, named=True) == ROWS[0]


def test_a_cell_beyond_the_header_makes_its_row_misshapen() -> None:
    cells: list[object] = [ROWS[0][key] for key in KEYS]
    (chunk,) = chunks_of(sheet(report().layout.headers, cells, [*cells, None, "astray"]))
    assert (chunk.rows.height, chunk.count) == (1, 2)
    assert [(row.line, row.cells[-1], len(row.cells)) for row in chunk.misshapen] == [(3, "astray", len(KEYS) + 2)]


def test_a_blank_second_sheet_and_hidden_rows_do_no_harm() -> None:
    def act(book: Any) -> None:
        book.create_sheet("blank")
        book.active.row_dimensions[3].hidden = True

    assert rows_of(workbook(act=act)) == ROWS


def test_a_long_workbook_comes_in_chunks_in_its_order() -> None:
    rows = [conditional_row(ALICE, number) for number in range(5_100)]
    chunks = chunks_of(workbook(rows, kind=CONDITIONAL), CONDITIONAL)
    assert len(chunks) > 1
    assert [row for chunk in chunks for row in chunk.rows.iter_rows(named=True)] == rows
    assert [line for chunk in chunks for line in chunk.lines] == list(range(2, 5_102))


def test_more_rows_than_a_sheet_may_have_are_refused() -> None:
    cells = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(1, 100_003))
    (line,) = refusal(hand_made(cells))
    assert line.startswith("the workbook has 100001 rows, the last in row 100002; at most 100000 are taken: send it as")
