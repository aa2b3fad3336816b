"""CSV record by record, for the pieces in which the fast way cannot tell what is what.

Rows of another width, blank lines and quotes in odd places are rare; here each is told by its line.
"""

import csv
import io
from dataclasses import dataclass
from typing import Any

from extranet.reports.refusals import PublicationRefused

Record = tuple[int, list[str]]
ENDLESS = "a quoted cell begins here and is never closed, or is longer than any cell may be"
CLOSE_IT = "close it, or send the file again if it was cut on its way"


@dataclass(frozen=True)
class Records:
    """Line and cells of each record; blank lines are none. ``lines``: how many lines whole records took."""

    records: list[Record]
    lines: int


def records_of(data: bytes, *, line: int, is_last: bool) -> Records:
    """All whole records of whole lines in UTF-8, the first of which is ``line``; only where nothing follows must the
    last record be whole. Raises PublicationRefused for what is no CSV."""
    found: list[Record] = []
    begins, reader = 0, _reader(data)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return Records(found, begins)
        except csv.Error as error:
            if "unexpected end" in str(error) and not is_last:
                return Records(found, begins)
            raise PublicationRefused(f"line {line + begins}: {_csv_fault(str(error))}") from None
        if cells:
            found.append((line + begins, cells))
        begins = reader.line_num


def heading_of(data: bytes) -> tuple[list[str], int]:
    """The cells of the first record that is not blank, and how many lines it and what stands before it take."""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", "surrogateescape", newline="")  # decodes as far as needed
    reader = csv.reader(text, strict=True)
    try:
        for cells in reader:
            if cells:
                return [_decoded(cell) for cell in cells], reader.line_num
    except csv.Error as error:
        raise PublicationRefused(f"line 1: {_csv_fault(str(error))}") from None
    return [], 0


def _decoded(cell: str) -> str:
    """A cell of a heading: UTF-8 or else Latin-1; what the rows are in is found out with them."""
    raw = cell.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def cells_of(record: bytes) -> list[str]:
    """The cells of one record that is known to be whole; none if it is blank. ValueError, csv.Error: no such text."""
    return next(_reader(record), [])


def from_line(data: bytes, line: int) -> bytes:
    """What stands behind so many lines."""
    place = 0
    for _ in range(line):
        place = data.index(b"\n", place) + 1
    return data[place:]


def _reader(data: bytes) -> Any:  # what csv.reader gives has no public name
    return csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)


def _csv_fault(message: str) -> str:
    if "unexpected end" in message or "field larger" in message:
        return f"{ENDLESS}; {CLOSE_IT}"
    if "expected after" in message:
        return "a quoted cell is followed by signs that are not a comma; double a quote that belongs to the text"
    return "the line ends in a way that is not CSV; save the file as CSV again"
