"""Read a statewide CSV as text, with the line of every row: no license or ZIP ever becomes a number.

Structural faults refuse the whole file (PublicationRefused); rows that are too short or too long go to quarantine.
"""

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import polars as pl

from extranet.profile.layouts import Layout
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.columns import match_columns

CHUNK_ROWS = 20_000
LINE = "_line"  # number of the line in the file on which the row begins; no layout key begins with _
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF8_SIGN = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row: where, and why. Never a value of the file."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


@dataclass(frozen=True)
class MisshapenRow:
    """A row that has not as many cells as the header: kept as it came, for quarantine."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class SourceFile:
    """The bytes of an input and their digest."""

    data: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True)
class ReadFile:
    """A file taken apart: ``rows`` has LINE and one String column a layout key, in the order of the layout."""

    header: list[str]  # as it stood in the file
    keys: list[str]  # the layout key of each column of the file
    rows: pl.DataFrame
    misshapen: list[MisshapenRow]

    @property
    def count(self) -> int:
        return self.rows.height + len(self.misshapen)


def take_in(source: Path | BinaryIO) -> SourceFile:
    """All bytes of the input. A path that cannot be read is refused."""
    try:
        data = source.read_bytes() if isinstance(source, Path) else source.read()
    except OSError as error:
        raise PublicationRefused(f"the file cannot be read: {error.strerror}") from error
    return SourceFile(data=data, sha256=hashlib.sha256(data).hexdigest())


def read(data: bytes, layout: Layout) -> ReadFile:
    """Rows of a CSV whose columns stand in any order. Raises PublicationRefused for structural faults."""
    records = _records(data, encoding_of(data))
    _, header = next(records, (1, []))
    if not any(cell.strip() for cell in header):
        raise PublicationRefused("line 1: the file is empty; a header is expected")
    keys = match_columns(header, layout)
    rows, misshapen = _take_apart(records, keys, layout)
    if not rows.height and not misshapen:
        raise PublicationRefused("line 2: the file has a header and no rows")
    return ReadFile(header=header, keys=keys, rows=rows, misshapen=misshapen)


def encoding_of(data: bytes) -> str:
    """UTF-8, with or without byte order mark, or else Latin-1. UTF-16, UTF-32 and mixtures are refused by name."""
    if data.startswith(_UTF32):
        raise PublicationRefused("line 1: the file is UTF-32; save it as UTF-8")
    if data.startswith(_UTF16) or _looks_like_utf16(data):
        raise PublicationRefused("line 1: the file is UTF-16; save it as UTF-8")
    if (place := data.find(b"\0")) >= 0:
        raise PublicationRefused(f"line {_line(data, place)}: there is a NUL byte; the file is damaged or no CSV")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if data.startswith(codecs.BOM_UTF8) or _is_utf8_mostly(data):
            line = _line(data, error.start)
            raise PublicationRefused(f"line {line}: the file is UTF-8, but not here; the sign is damaged") from None
        return "latin-1"
    return "utf-8-sig"


def _looks_like_utf16(data: bytes) -> bool:
    """Without a byte order mark: every other byte of the first signs is NUL."""
    head = data[:64]
    return len(head) >= 8 and (not any(head[0::2]) or not any(head[1::2]))


def _is_utf8_mostly(data: bytes) -> bool:
    """Latin-1 text almost never has bytes that are right as UTF-8; a damaged UTF-8 file has few that are wrong."""
    right = len(_UTF8_SIGN.findall(data))
    return right > data.decode("utf-8", "replace").count("\ufffd")


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _records(data: bytes, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each record; blank lines are skipped."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    reader, begins = csv.reader(text, strict=True), 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise PublicationRefused(f"line {begins}: {_csv_fault(str(error))}") from None
        if cells:
            yield begins, cells
        begins = reader.line_num + 1


def _csv_fault(message: str) -> str:
    if "unexpected end" in message or "field larger" in message:
        return "a quoted cell begins here and is never closed, or is longer than any cell may be"
    if "expected after" in message:
        return "a quoted cell is followed by signs that are not a comma"
    return "the line ends in a way that is not CSV"


def _take_apart(
    records: Iterator[tuple[int, list[str]]], keys: list[str], layout: Layout
) -> tuple[pl.DataFrame, list[MisshapenRow]]:
    schema = {LINE: pl.Int64, **dict.fromkeys(keys, pl.String)}
    misshapen: list[MisshapenRow] = []
    frames = [pl.DataFrame(schema=schema)]
    while chunk := list(islice(records, CHUNK_ROWS)):
        good = [(line, *cells) for line, cells in chunk if len(cells) == len(keys)]
        misshapen += [MisshapenRow(line, cells) for line, cells in chunk if len(cells) != len(keys)]
        if good:
            columns = zip(schema.items(), zip(*good, strict=True), strict=True)
            frames.append(pl.DataFrame([pl.Series(name, values, dtype=kind) for (name, kind), values in columns]))
    return pl.concat(frames).select(LINE, *layout.keys), misshapen
