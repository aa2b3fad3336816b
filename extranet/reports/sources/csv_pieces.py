"""A CSV in pieces of whole records: each piece is a run of bytes that begins and ends with a record."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.chunk import Places
from extranet.reports.sources.csv_encoding import Encoding
from extranet.reports.sources.csv_quotes import (
    NEWLINE,
    RETURN,
    Quotes,
    as_bytes,
    is_well_formed,
    quotes_of,
)
from extranet.reports.sources.csv_slowly import CLOSE_IT, ENDLESS

PIECE_BYTES = 16 * 1024 * 1024
LONGEST_RECORD = 8 * 1024 * 1024  # bytes; more without an end is a quote that is never closed


@dataclass(frozen=True)
class Piece:
    """Whole records. ``line`` is the line of the file on which the first begins. ``ends`` are the places of the line
    breaks that end records; None where quotes stand where CSV has none, so that only a slow reading tells. ``breaks``
    counts all line breaks, in quoted cells too."""

    data: bytes = field(repr=False)
    line: int
    quotes: Quotes
    ends: Places | None
    breaks: int
    is_last: bool

    @classmethod
    def of(cls, data: bytes, line: int, *, is_last: bool = False) -> "Piece":
        """Bytes that are known to be whole records, looked at anew."""
        quotes = quotes_of(data)
        breaks = np.flatnonzero(as_bytes(data) == NEWLINE)
        ends = quotes.outside(breaks) if is_well_formed(data, quotes) else None
        return cls(data, line, quotes, ends, len(breaks), is_last)

    @property
    def starts(self) -> Places:
        """Where each record begins; of a piece with ``ends``."""
        assert self.ends is not None  # noqa: S101 -- asked for after the ends only
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1] + 1])

    @property
    def lines(self) -> Places:
        """The line of the file on which each record begins; of a piece with ``ends``."""
        starts = self.starts
        if not len(self.quotes.places) or self.breaks == len(starts):
            return np.arange(self.line, self.line + len(starts), dtype=np.int64)
        breaks = np.flatnonzero(as_bytes(self.data) == NEWLINE)
        return np.searchsorted(breaks, starts) + self.line


class Pieces:
    """Reads a file once, piece by piece. Where a piece has no ``ends``, whoever reads it slowly says with ``put_back``
    how much of it was whole records."""

    def __init__(self, file: BinaryIO, encoding: Encoding, *, size: int = PIECE_BYTES) -> None:
        self._file, self._encoding, self._size = file, encoding, size
        self._rest, self._line = b"", 1
        self.bytes_read = 0
        self.ends_within_row = False  # the last line of the file has no end: all of it came, or it was cut

    def put_back(self, data: bytes, *, line: int) -> None:
        """Bytes of the last piece that were not taken, and the line on which they begin."""
        self._rest, self._line = data, line
        if len(data) > LONGEST_RECORD:
            self._refuse_endless(data, line)

    def __iter__(self) -> Iterator[Piece]:
        while True:
            block = self._read()
            piece = self._cut(self._rest + block, is_last=not block)
            if piece is not None:
                yield piece
            if not block:
                return

    def _read(self) -> bytes:
        block = self._file.read(self._size)
        if not self.bytes_read:
            block = self._encoding.begin(block)
        self.bytes_read += len(block)
        self._encoding.refuse_nul(block, self._line)
        return block

    def _cut(self, data: bytes, *, is_last: bool) -> Piece | None:
        """The whole records of the data; the rest waits. None: nothing whole yet."""
        data, held = _alike(data, is_last)
        if is_last and data and not data.endswith(b"\n"):
            data += b"\n"
            self.ends_within_row = True
        quotes = quotes_of(data)
        if not is_well_formed(data, quotes) or (is_last and quotes.is_open):
            self._rest = b""
            return Piece(data + held, self._line, quotes, None, 0, is_last)
        breaks = np.flatnonzero(as_bytes(data) == NEWLINE)
        ends = quotes.outside(breaks)
        if not len(ends):
            self._wait(data + held, is_last)
            return None
        end = int(ends[-1]) + 1
        whole, self._rest = data[:end], data[end:] + held
        number = int(np.searchsorted(breaks, end))
        piece = Piece(whole, self._line, _up_to(quotes, end), ends, number, is_last)
        self._line += number
        if len(self._rest) > LONGEST_RECORD:
            self._refuse_endless(self._rest, self._line)
        return piece

    def _wait(self, data: bytes, is_last: bool) -> None:
        if len(data) > LONGEST_RECORD:
            self._refuse_endless(data, self._line)
        self._rest = b"" if is_last else data

    def _refuse_endless(self, data: bytes, line: int) -> None:
        if b'"' in data:
            raise PublicationRefused(f"line {line}: {ENDLESS}; {CLOSE_IT}")
        raise PublicationRefused(
            f"line {line}: the line does not end within {LONGEST_RECORD:,} bytes; put every row on a line of its own"
        )


def _alike(data: bytes, is_last: bool) -> tuple[bytes, bytes]:
    """The data with every line end as one newline, quoted cells left as they are; a return at the very end waits."""
    if b"\r" not in data:
        return data, b""
    held = b"\r" if data.endswith(b"\r") and not is_last else b""
    data = data[: len(data) - len(held)]
    quotes = quotes_of(data)
    if not len(quotes.places):
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), held
    signs = as_bytes(data)
    returns = quotes.outside(np.flatnonzero(signs == RETURN))
    if not len(returns):
        return data, held
    followed = returns[(returns + 1 < len(signs))]
    followed = followed[signs[followed + 1] == NEWLINE]
    changed = signs.copy()
    changed[returns] = NEWLINE
    return np.delete(changed, followed).tobytes(), held


def _up_to(quotes: Quotes, end: int) -> Quotes:
    return Quotes(*(found[: np.searchsorted(found, end)] for found in (quotes.places, quotes.opening, quotes.closing)))
