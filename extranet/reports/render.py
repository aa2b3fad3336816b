"""A view as a file: XLSX with typed cells, CSV whose texts no spreadsheet runs, JSON. Built whole."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import polars as pl
from rustpy_xlsxwriter import FastExcel
from rustpy_xlsxwriter import Format as CellFormat

from extranet.reports.book import Book, Row, typed
from extranet.reports.header import BookColumn

Format = Literal["xlsx", "csv", "json"]
CONTENT_TYPES: dict[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""OWASP's list; the last four are the wide forms of the first four, which some editions of spreadsheets take."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NUMBER_TYPES = ("int", "decimal", "money")
_CELL_FORMATS = {
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm:ss",
    "int": "0",
    "decimal": "0.0",
    "money": "0.00",
}
_WIDEST = 32


def render(book: Book, rows: Sequence[Row], format: Format) -> bytes:
    """The rows as a file of that format."""
    match format:
        case "xlsx":
            return xlsx_bytes(book, rows)
        case "csv":
            return csv_bytes(book, rows)
        case "json":
            return json_bytes(book, rows)


def csv_bytes(book: Book, rows: Sequence[Row]) -> bytes:
    """UTF-8 with byte order mark. A text that a spreadsheet would take for a formula gets an apostrophe before it;
    numbers stay numbers, -12.50 too."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow([_harmless(column.header) for column in book.columns])
    types = [column.type in _NUMBER_TYPES for column in book.columns]
    for row in rows:
        writer.writerow(
            text if is_number and _NUMBER.fullmatch(text) else _harmless(text)
            for text, is_number in zip(row, types, strict=True)
        )
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def json_bytes(book: Book, rows: Sequence[Row]) -> bytes:
    """One object a row by column key. Amounts are texts, so that no reader rounds them; blanks are null."""
    listed = [
        {column.key: _plain(typed(column, text)) for column, text in zip(book.columns, row, strict=True)}
        for row in rows
    ]
    whole = {"kind": book.kind, "as_of": book.as_of.isoformat(), "revision": book.revision, "rows": listed}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def xlsx_bytes(book: Book, rows: Sequence[Row]) -> bytes:
    """Dates are dates, money is numbers; licenses, ZIPs, case numbers are texts and keep their zeros. No formulas."""
    target = io.BytesIO()
    formats = {
        column.header: CellFormat().set_num_format(_CELL_FORMATS.get(column.type, "@")) for column in book.columns
    }
    sheet: Any = _records(book, rows) if rows else _only_headers(book)
    (
        FastExcel(target)
        .format(bold_headers=True)
        .freeze(row=1)
        .sheet(
            _sheet_name(book.title),
            sheet,
            column_formats=formats,
            column_widths={column.header: _width(column) for column in book.columns},
            autofilter=bool(rows),
        )
        .save()
    )
    return target.getvalue()


def _records(book: Book, rows: Sequence[Row]) -> Iterator[dict[str, object]]:
    for row in rows:
        yield {column.header: _cell(column, text) for column, text in zip(book.columns, row, strict=True)}


def _only_headers(book: Book) -> pl.DataFrame:
    return pl.DataFrame(schema={column.header: pl.String for column in book.columns})


def _cell(column: BookColumn, text: str) -> object:
    value = typed(column, text)
    if isinstance(value, Decimal):
        return float(value)  # a cell is a binary number; its format shows the cents
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return value


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _sheet_name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", title)[:31]


def _width(column: BookColumn) -> float:
    return float(min(_WIDEST, max(12, len(column.header) + 2)))
