"""Files for spreadsheets: types are kept, zeros too, and no cell is ever run as a formula."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from extranet.reports.book import Book, Query
from extranet.reports.render import csv_bytes, json_bytes, render, xlsx_bytes
from tests.reports.exchange import ALICE, Row, book_row
from tests.reports.test_book import book

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x.example","y")']


def csv_cells(book: Book) -> list[dict[str, str]]:
    raw = csv_bytes(book, book.select(Query()))
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def sheet(book: Book) -> dict[str, Any]:
    """The first row of the sheet as a stranger reads it: cells by header."""
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(book, book.select(Query()))))
    header, row = workbook.active.iter_rows()
    return {str(name.value): cell for name, cell in zip(header, row, strict=True)}


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_text_that_looks_like_a_formula_is_made_harmless(text: str) -> None:
    (row,) = csv_cells(book(book_row(ALICE, 1, mail_address=text)))
    assert row["Mailing Address"] == f"'{text}"


@pytest.mark.parametrize("amount", ["-12.50", "0.00", "336.24"])
def test_csv_numbers_stay_numbers(amount: str) -> None:
    (row,) = csv_cells(book(book_row(ALICE, 1, net_premium=amount)))
    assert row["Net Premium"] == amount


def test_csv_holds_every_cell_as_it_was() -> None:
    source: Row = book_row(ALICE, 1, last_name='Nuñez "Nu"', res_address_1="1 Elm St\nUnit 2", res_zip="00501")
    whole = book(source)
    (row,) = csv_cells(whole)
    assert [row[column.header] for column in whole.columns] == [source[column.key] for column in whole.columns]


@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_text_that_looks_like_a_formula_is_text(text: str) -> None:
    cell = sheet(book(book_row(ALICE, 1, mail_address=text)))["Mailing Address"]
    assert cell.data_type == "s"
    assert str(cell.value).replace("_x000D_", "\r") == text


def test_xlsx_cells_have_the_types_of_their_columns() -> None:
    row = book_row("0E12345", 1, res_zip="00501", net_premium="-12.50", household_size="3", date_of_birth="1984-02-29")
    cells = sheet(book({**row, "email": "http://x.example/"}))
    for header in ("Agent License", "Residence ZIP", "Case Number", "Email"):
        assert cells[header].data_type == "s"
        assert cells[header].hyperlink is None
    assert cells["Agent License"].value == "0E12345"
    assert cells["Residence ZIP"].value == "00501"
    assert (cells["Net Premium"].data_type, cells["Net Premium"].value) == ("n", -12.5)
    assert cells["Net Premium"].number_format == "0.00"
    assert (cells["Household Size"].data_type, cells["Household Size"].value) == ("n", 3)
    assert (cells["Date of Birth"].is_date, cells["Date of Birth"].value) == (True, datetime(1984, 2, 29))  # noqa: DTZ001 -- a cell
    assert cells["Date of Birth"].number_format == "yyyy-mm-dd"
    assert cells["Policy Last Updated"].value == datetime(2026, 11, 14, 3, 10)  # noqa: DTZ001 -- a cell has no zone
    assert cells["Delegation End Date"].value is None


def test_an_empty_view_is_a_file_with_headers_only() -> None:
    empty = book()
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(empty, [])))
    rows = list(workbook.active.iter_rows(values_only=True))
    assert rows == [tuple(column.header for column in empty.columns)]
    assert csv_cells(empty) == []


def test_json_keeps_amounts_as_texts_and_blanks_as_null() -> None:
    whole = book(book_row(ALICE, 1, net_premium="0.10", household_size="3"))
    data = json.loads(json_bytes(whole, whole.rows))
    assert (data["kind"], data["as_of"]) == ("book-of-business", "2026-11-16")
    (row,) = data["rows"]
    assert (row["net_premium"], row["household_size"], row["delegation_end"]) == ("0.10", 3, None)


def test_two_thousand_rows_are_rendered_whole_in_every_format() -> None:
    row = tuple(book_row(ALICE, 1)[column.key] for column in book().columns)
    many = Book(book().header, datetime(2026, 11, 16, tzinfo=UTC), 1, [row] * 2_000)
    assert render(many, many.rows, "csv").count(b"\n") == 2_001
    assert len(render(many, many.rows, "xlsx")) > 10_000
    assert len(json.loads(render(many, many.rows, "json"))["rows"]) == 2_000
