"""Files for spreadsheets: types are kept, zeros too, and no cell is ever run as a formula."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import polars as pl
import pytest

from extranet.reports.book import Book, Query
from extranet.reports.render import csv_bytes, json_bytes, parquet_bytes, render, xlsx_bytes
from tests.reports.exchange import ALICE, Row, book_row
from tests.reports.test_book import book

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x.example","y")']


def csv_cells(book: Book) -> list[dict[str, str]]:
    raw = csv_bytes(book, book.view(Query()).table())
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def sheet(book: Book) -> dict[str, Any]:
    """The first row of the sheet as a stranger reads it: cells by header."""
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(book, book.view(Query()).table())))
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
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(empty, empty.view(Query()).table())))
    rows = list(workbook.active.iter_rows(values_only=True))
    assert rows == [tuple(column.header for column in empty.columns)]
    assert csv_cells(empty) == []


def test_json_keeps_amounts_as_texts_and_blanks_as_null() -> None:
    whole = book(book_row(ALICE, 1, net_premium="0.10", household_size="3"))
    data = json.loads(json_bytes(whole, whole.view(Query()).table()))
    assert (data["kind"], data["as_of"]) == ("book-of-business", "2026-11-16")
    (row,) = data["rows"]
    assert (row["net_premium"], row["household_size"], row["delegation_end"]) == ("0.10", 3, None)
    assert (row["extract_date"], row["last_updated"]) == ("2026-11-16", "2026-11-14T03:10:00+00:00")


def test_json_is_one_object_with_texts_as_they_are() -> None:
    odd = 'Nuñez "Nu" \\ \n\t\u2028'
    whole = book(book_row(ALICE, 1, last_name=odd), large=True)
    assert json.loads(json_bytes(whole, whole.view(Query()).table()))["rows"][0]["last_name"] == odd


def parquet(book: Book) -> pl.DataFrame:
    """The table as a stranger reads it."""
    return pl.read_parquet(io.BytesIO(parquet_bytes(book, book.view(Query()).table())))


def test_parquet_cells_have_the_types_of_their_columns_and_keep_every_zero() -> None:
    row = book_row("0E12345", 1, res_zip="00501", net_premium="-12.50", household_size="3", date_of_birth="1984-02-29")
    (cells,) = parquet(book(row)).rows(named=True)
    assert (cells["agent_license"], cells["res_zip"], cells["case_number"]) == ("0E12345", "00501", "5004300001")
    assert (cells["net_premium"], cells["household_size"]) == (Decimal("-12.50"), 3)
    assert (cells["date_of_birth"], cells["delegation_end"]) == (date(1984, 2, 29), None)
    assert cells["last_updated"] == datetime(2026, 11, 14, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize("large", [False, True])
def test_parquet_has_the_same_types_whatever_is_blank(large: bool) -> None:
    filled, blank = parquet(book(book_row(ALICE, 1), large=large)), parquet(book(large=large))
    assert filled.schema == blank.schema
    assert filled.schema["net_premium"] == pl.Decimal(14, 2)
    assert blank.height == 0


def test_parquet_says_what_it_is_of() -> None:
    whole = book(book_row(ALICE, 1))
    facts = pl.read_parquet_metadata(io.BytesIO(parquet_bytes(whole, whole.view(Query()).table())))
    assert (facts["kind"], facts["as_of"], facts["revision"]) == ("book-of-business", "2026-11-16", "1")


@pytest.mark.parametrize("moment", ["2026-11-14T03:10:00.25Z", "2026-11-13T19:10:00.250000-08:00"])
def test_moments_keep_their_fractions_and_their_zone(moment: str) -> None:
    assert parquet(book(book_row(ALICE, 1, last_updated=moment)))["last_updated"][0] == datetime(
        2026, 11, 14, 3, 10, 0, 250_000, tzinfo=UTC
    )


def test_a_column_that_holds_another_value_stays_text_and_loses_nothing() -> None:
    rows = [book_row(ALICE, 1, net_premium="see note"), book_row(ALICE, 2, net_premium="9.50")]
    assert set(parquet(book(*rows))["net_premium"]) == {"see note", "9.50"}
    assert sheet(book(rows[0]))["Net Premium"].value == "see note"


def test_two_thousand_rows_are_rendered_whole_in_every_format() -> None:
    many = book(*[book_row(ALICE, 1)] * 2_000, large=True)
    table = many.view(Query()).table()
    assert render(many, table, "csv").count(b"\n") == 2_001
    assert len(render(many, table, "xlsx")) > 10_000
    assert len(json.loads(render(many, table, "json"))["rows"]) == 2_000
    assert pl.read_parquet(io.BytesIO(render(many, table, "parquet"))).height == 2_000
