"""A roster file as rows of text, whatever wrote it: CSV in UTF-8 or Latin-1, or an Excel workbook.

Nothing is guessed: a license ``0E12345`` stays what it is, and what cannot be read for certain refuses the file.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from extranet.agents.refusal import Fault, RosterRefused, refused
from extranet.agents.workbooks import is_workbook, workbook_rows

MAX_BYTES = 200_000_000  # a roster of 83,000 agents is about 15 MB
TEXTS_WITH_NAMES = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\xd0\xcf\x11\xe0": "the old Excel format (.xls), or locked with a password",
    b"%PDF": "a PDF",
}
UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True)
class Line:
    """One row and the line on which it begins. A cell is text, or a Cell of a workbook that is no text."""

    number: int
    cells: list[object]


def read_lines(data: bytes) -> list[Line]:
    """All rows that are not wholly blank, the header first. Raises RosterRefused for what is no readable table."""
    if len(data) > MAX_BYTES:
        raise refused(f"is larger than {MAX_BYTES // 1_000_000} MB")
    for mark, name in TEXTS_WITH_NAMES.items():
        if data.startswith(mark):
            raise refused(f"is {name}; save it as CSV in UTF-8 or as an Excel workbook (.xlsx)")
    rows = workbook_rows(data) if is_workbook(data) else _csv_rows(_decoded(data))
    lines = [Line(number, cells) for number, cells in rows if not _is_blank(cells)]
    if not lines:
        raise refused("is empty")
    if len(lines) == 1:
        raise refused("holds a header and no agents", line=lines[0].number)
    return lines


def _is_blank(cells: list[object]) -> bool:
    return not any(str(cell).strip() for cell in cells)


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise refused("holds zero bytes: probably UTF-16; save it as CSV in UTF-8", line=_line_of(data, data.index(0)))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _latin(data, error.start)


def _latin(data: bytes, first: int) -> str:
    """Latin-1 in its Windows form, which has the apostrophe of O’Connor; the letters of both are the same."""
    both = UTF8_SEQUENCE.search(data)
    if both:
        line = _line_of(data, first)
        raise refused("mixes UTF-8 and Latin-1, so that names would be garbled; save it as UTF-8", line=line)
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise refused("is neither UTF-8 nor Latin-1", line=_line_of(data, error.start)) from error


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _csv_rows(text: str) -> Iterator[tuple[int, list[object]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, list(cells)
            begins = reader.line_num + 1
    except csv.Error as error:
        reason = "a quote is opened and never closed" if "end of data" in str(error) else f"is not CSV: {error}"
        raise RosterRefused([Fault(begins, "", reason)]) from error
