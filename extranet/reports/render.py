"""A view as a file: XLSX and Parquet with typed cells, CSV whose texts no spreadsheet runs, JSON. Built whole."""

import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Literal

import polars as pl
from rustpy_xlsxwriter import FastExcel
from rustpy_xlsxwriter import Format as CellFormat

from extranet.profile.layouts import ColumnType
from extranet.reports.book import Book
from extranet.reports.header import BookColumn

Format = Literal["xlsx", "csv", "json", "parquet"]
CONTENT_TYPES: dict[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""OWASP's list; the last four are the wide forms of the first four, which some editions of spreadsheets take."""
_FORMULA = rf"\A[{re.escape(''.join(FORMULA_STARTS))}]"
_NUMBER = r"\A-?[0-9]+(\.[0-9]+)?\z"
_NUMBER_TYPES = ("int", "decimal", "money")
_CELL_FORMATS = {
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm:ss",
    "int": "0",
    "decimal": "0.0",
    "money": "0.00",
}
_WIDEST = 32

Cast = Callable[[pl.Expr], pl.Expr]
Casts = Mapping[ColumnType, Cast]


def _day(cell: pl.Expr) -> pl.Expr:
    return cell.str.to_date("%Y-%m-%d", strict=False)


def _offset(cell: pl.Expr) -> pl.Expr:
    return cell.str.replace(r"Z\z", "+00:00")


def _moment(cell: pl.Expr) -> pl.Expr:
    return _offset(cell).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)


def _to(dtype: pl.DataType | type[pl.DataType]) -> Cast:
    return lambda cell: cell.cast(dtype, strict=False)


_IN_SHEETS: Casts = {  # a cell is a binary number, and its format shows the cents; it knows no zone
    "date": _day,
    "timestamp": lambda cell: _moment(cell).dt.replace_time_zone(None),
    "int": _to(pl.Int64),
    "decimal": _to(pl.Float64),
    "money": _to(pl.Float64),
}
_IN_PARQUET: Casts = {  # wide enough for whatever passes the checks of a publication
    "date": _day,
    "timestamp": _moment,
    "int": _to(pl.Int64),
    "decimal": _to(pl.Decimal(18, 6)),
    "money": _to(pl.Decimal(14, 2)),
}
_IN_JSON: Casts = {"int": _to(pl.Int64), "timestamp": _offset}  # amounts are texts, so that no reader rounds them


def render(book: Book, table: pl.DataFrame, format: Format) -> bytes:
    """The table (texts by column key, as a view gives it) as a file of that format."""
    match format:
        case "xlsx":
            return xlsx_bytes(book, table)
        case "csv":
            return csv_bytes(book, table)
        case "json":
            return json_bytes(book, table)
        case "parquet":
            return parquet_bytes(book, table)


def csv_bytes(book: Book, table: pl.DataFrame) -> bytes:
    """UTF-8 with byte order mark. A text that a spreadsheet would take for a formula gets an apostrophe before it;
    numbers stay numbers, -12.50 too."""
    target = io.BytesIO()
    found = table.select(pl.all().str.contains(_FORMULA).any()).row(0, named=True)
    cells = [_harmless(column) if found[column.key] else pl.col(column.key) for column in book.columns]
    headers = {column.key: _harmless_text(column.header) for column in book.columns}
    _blanks_as_null(table.select(cells)).rename(headers).write_csv(target, include_bom=True, line_terminator="\r\n")
    return target.getvalue()


def json_bytes(book: Book, table: pl.DataFrame) -> bytes:
    """One object a row by column key. Amounts are texts; blanks are null."""
    head = json.dumps({"kind": book.kind, "as_of": book.as_of.isoformat(), "revision": book.revision})
    return f'{head[:-1]}, "rows": {_typed(book, table, _IN_JSON).write_json()}}}\n'.encode()


def xlsx_bytes(book: Book, table: pl.DataFrame) -> bytes:
    """Dates are dates, money is numbers; licenses, ZIPs, case numbers are texts and keep their zeros. No formulas."""
    target = io.BytesIO()
    sheet = _typed(book, table, _IN_SHEETS).rename({column.key: column.header for column in book.columns})
    formats = {
        column.header: CellFormat().set_num_format(_CELL_FORMATS.get(column.type, "@")) for column in book.columns
    }
    (
        FastExcel(target)
        .format(bold_headers=True)
        .freeze(row=1)
        .sheet(
            _sheet_name(book.title),
            sheet,
            column_formats=formats,
            column_widths={column.header: _width(column) for column in book.columns},
            autofilter=bool(table.height),
        )
        .save()
    )
    return target.getvalue()


def parquet_bytes(book: Book, table: pl.DataFrame) -> bytes:
    """Columns by key: days, moments, whole numbers, exact amounts (Decimal), texts. Blanks are null."""
    target = io.BytesIO()
    facts = {"kind": book.kind, "as_of": book.as_of.isoformat(), "revision": str(book.revision)}
    _typed(book, table, _IN_PARQUET).write_parquet(target, metadata=facts)
    return target.getvalue()


def _typed(book: Book, table: pl.DataFrame, casts: Casts) -> pl.DataFrame:
    """Each column in its type. A column of an old publication that holds another value stays text as a whole."""
    texts = _blanks_as_null(table)
    cast = texts.with_columns(casts[column.type](pl.col(column.key)) for column in book.columns if column.type in casts)
    lost = [key for key in texts.columns if cast[key].null_count() != texts[key].null_count()]
    return cast.with_columns(texts[key] for key in lost)


def _harmless(column: BookColumn) -> pl.Expr:
    cell = pl.col(column.key)
    risky = cell.str.contains(_FORMULA)
    if column.type in _NUMBER_TYPES:
        risky &= ~cell.str.contains(_NUMBER)
    return pl.when(risky).then("'" + cell).otherwise(cell).alias(column.key)


def _harmless_text(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _blanks_as_null(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(pl.when(pl.all() != "").then(pl.all()))


def _sheet_name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", title)[:31]


def _width(column: BookColumn) -> float:
    return float(min(_WIDEST, max(12, len(column.header) + 2)))
