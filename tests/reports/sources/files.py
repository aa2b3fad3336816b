"""Files of a publication that are no CSV, made for the test: nothing of them lies in the repository."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import polars as pl
import pytest

from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.chunk import Chunk
from extranet.reports.sources.input_file import InputFile
from extranet.reports.sources.opening import open_source
from tests.reports.exchange import ALICE, BOB, BOOK, Row, book_row, report

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ROWS = [book_row(ALICE, 1), book_row(BOB, 2, res_zip="00501", mail_address="1 Elm St\nUnit 2, East")]
TYPED: Mapping[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "int": int,
    "decimal": float,
    "money": float,
    "yes_no": "Y".__eq__,
}
"""What a careful writer of a sheet makes of the texts of a CSV."""

Act = Callable[[Any], None]


def workbook(rows: Iterable[Row] = (), *, kind: str = BOOK, typed: bool = False, act: Act | None = None) -> bytes:
    """A workbook of these rows; ``act`` may spoil it first. ``typed``: numbers, days and booleans instead of texts."""
    layout = report(kind).layout
    book = openpyxl.Workbook()
    book.active.append(layout.headers)
    for row in rows or ROWS:
        book.active.append([_sheet_cell(row[key], layout.by_key[key].type if typed else "text") for key in layout.keys])
    if act is not None:
        act(book)
    return _saved(book)


def sheet(*rows: Sequence[object]) -> bytes:
    """A workbook of exactly these cells."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return _saved(book)


def parquet(
    rows: Iterable[Row] = (), *, kind: str = BOOK, typed: bool = False, replaced: Mapping[str, Any] = {}, **more: Any
) -> bytes:
    """A Parquet file of these rows; ``replaced`` and ``more`` are columns that stand instead."""
    layout, found = report(kind).layout, list(rows or ROWS)
    cells = {
        column.key: [_cell(row[column.key], column.type if typed else "text") for row in found]
        for column in layout.columns
    }
    frame = pl.DataFrame(
        cells, schema_overrides={key: pl.String for key, values in cells.items() if set(values) == {None}}
    )
    return written(frame.with_columns(**replaced, **more))


def written(frame: pl.DataFrame, **settings: Any) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target, **settings)
    return target.getvalue()


def _sheet_cell(text: str, kind: str) -> object:
    """A sheet has no zones: its moments stay texts."""
    return _cell(text, "text" if kind == "timestamp" else kind)


def _cell(text: str, kind: str) -> object:
    if not text:
        return None
    if kind == "timestamp":
        return datetime.fromisoformat(text)
    return TYPED.get(kind, str)(text)


def _saved(book: Any) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def archive(parts: Mapping[str, str | bytes], way: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", way) as zipped:
        for name, data in parts.items():
            zipped.writestr(name, data)
    return target.getvalue()


def hand_made(sheet_data: str, *, sheets: int = 1, more: Mapping[str, str] = {}) -> bytes:
    """A whole workbook with exactly these cells in each sheet; no library would write them."""
    numbers = range(1, sheets + 1)
    named = "".join(f'<sheet name="S{number}" sheetId="{number}" r:id="r{number}"/>' for number in numbers)
    links = [f'Id="r{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"' for number in numbers]
    links += [f'Id="s" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"'] * ("xl/sharedStrings.xml" in more)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _related([f'Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"']),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _related(links),
        **{f"xl/worksheets/sheet{number}.xml": worksheet(sheet_data) for number in numbers},
        **more,
    }
    return archive(parts)


def worksheet(sheet_data: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>'


def cell(place: str, text: str = "x") -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _related(links: Iterable[str]) -> str:
    inner = "".join(f"<Relationship {link}/>" for link in links)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def chunks_of(data: bytes, kind: str = BOOK) -> list[Chunk]:
    return list(open_source(InputFile(io.BytesIO(data))).chunks(report(kind).layout))


def rows_of(data: bytes, kind: str = BOOK) -> list[Row]:
    """All rows as texts by column key."""
    return [row for chunk in chunks_of(data, kind) for row in chunk.rows.iter_rows(named=True)]


def refusal(data: bytes, kind: str = BOOK) -> list[str]:
    with pytest.raises(PublicationRefused) as caught:
        chunks_of(data, kind)
    assert caught.value.exit_code == 3
    return caught.value.lines
