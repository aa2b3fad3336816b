"""A statewide CSV as chunks of rows: in any order of columns, in bounded memory, no license or ZIP ever a number.

The fast way takes a piece as a whole and keeps where each row's bytes lie; it is taken only where counting commas and
quotes proves that every row has the width of the header. What is odd goes the slow way, record by record.
"""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import polars as pl

from extranet.profile.layouts import Layout
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.chunk import Chunk, MisshapenRow, RawRows
from extranet.reports.sources.columns import match_columns
from extranet.reports.sources.csv_encoding import Encoding
from extranet.reports.sources.csv_pieces import PIECE_BYTES, Piece, Pieces
from extranet.reports.sources.csv_quotes import is_sparing
from extranet.reports.sources.csv_slowly import Record, from_line, heading_of, records_of
from extranet.reports.sources.csv_widths import straight


class CsvFile:
    """The one kind of file that is read in the order in which it comes; ``total`` is its size in bytes."""

    def __init__(self, file: BinaryIO, *, total: int, piece_bytes: int = PIECE_BYTES) -> None:
        self._encoding = Encoding()
        self._pieces = Pieces(file, self._encoding, size=piece_bytes)
        self._keys: list[str] = []
        self._total = total

    @property
    def done(self) -> int:
        return self._pieces.bytes_read

    @property
    def total(self) -> int:
        return self._total

    def chunks(self, layout: Layout) -> Iterator[Chunk]:
        """Raises PublicationRefused."""
        count = 0
        for piece in self._pieces:
            body = piece if self._keys else self._behind_header(piece, layout)
            if not body.data:
                continue
            chunk = self._fast(body, layout) or self._slow(body, layout)
            self._refuse_cut(chunk)
            count += chunk.count
            yield chunk
        if not self._keys:
            raise PublicationRefused("line 1: the file is empty; a header is expected")
        if not count:
            raise PublicationRefused("line 2: the file has a header and no rows; send it with its rows")

    def _refuse_cut(self, chunk: Chunk) -> None:
        """A last row that is short and has no line end is what a broken upload leaves; rows behind it are lost."""
        if not self._pieces.ends_within_row or not chunk.misshapen:
            return
        last = chunk.misshapen[-1]
        is_last = not len(chunk.lines) or last.line > chunk.lines[-1]
        if is_last and len(last.cells) < len(self._keys):
            raise PublicationRefused(
                f"line {last.line}: the file ends in the middle of this row, so it was cut on its way; send it again"
            )

    def _behind_header(self, piece: Piece, layout: Layout) -> Piece:
        """Finds the header and gives what follows it; nothing while only blank lines came."""
        header, lines = heading_of(piece.data)
        if not header:
            return Piece.of(b"", piece.line)
        if not any(cell.strip() for cell in header):
            raise PublicationRefused("line 1: the file is empty; a header is expected")
        self._keys = match_columns(header, layout)
        return Piece.of(from_line(piece.data, lines), piece.line + lines, is_last=piece.is_last)

    def _fast(self, piece: Piece, layout: Layout) -> Chunk | None:
        """None where something is odd beyond the width of rows."""
        if piece.ends is None:
            return None
        if self._encoding.is_latin1:
            piece = self._in_utf8(piece)
        try:
            found = straight(piece, len(self._keys))
        except (csv.Error, UnicodeDecodeError):  # a row of another width that is no text: told the slow way
            return None
        rows = _parsed(found.piece, self._keys)
        ends = found.piece.ends
        if rows is None or ends is None or rows.height != len(ends):
            return None
        self._encoding.was_utf8(piece.data)
        raw = None
        if self._keys == list(layout.keys) and is_sparing(found.piece.data, found.piece.quotes):
            raw = RawRows(found.piece.data, found.piece.starts, ends)
        longest = int((ends - found.piece.starts).max(initial=0))
        return Chunk(rows.select(layout.keys), found.lines, found.odd, raw, longest)

    def _slow(self, piece: Piece, layout: Layout) -> Chunk:
        is_cut = piece.ends is None and not piece.is_last  # then the last record, even the last line, may go on
        whole = piece.data[: piece.data.rfind(b"\n") + 1] if is_cut else piece.data
        found = records_of(self._encoding.as_utf8(whole, piece.line), line=piece.line, is_last=not is_cut)
        if is_cut:
            self._pieces.put_back(from_line(piece.data, found.lines), line=piece.line + found.lines)
        width = len(self._keys)
        good = [record for record in found.records if len(record[1]) == width]
        misshapen = [MisshapenRow(line, cells) for line, cells in found.records if len(cells) != width]
        return Chunk(_table(good, self._keys, layout), np.array([line for line, _ in good], np.int64), misshapen)

    def _in_utf8(self, piece: Piece) -> Piece:
        data = self._encoding.as_utf8(piece.data, piece.line)
        return piece if data is piece.data else Piece.of(data, piece.line, is_last=piece.is_last)


def _parsed(piece: Piece, keys: list[str]) -> pl.DataFrame | None:
    """All cells as text; None if the parser finds a fault, which the slow way then tells."""
    if not piece.data:
        return pl.DataFrame(schema=dict.fromkeys(keys, pl.String))
    try:
        return pl.read_csv(
            io.BytesIO(piece.data),
            has_header=False,
            schema=dict.fromkeys(keys, pl.String),
            empty_string_is_null=False,
            extra_columns="raise",
            quote_char='"' if len(piece.quotes.places) else None,
        )
    except pl.exceptions.PolarsError:
        return None


def _table(records: list[Record], keys: list[str], layout: Layout) -> pl.DataFrame:
    columns = zip(*(cells for _, cells in records), strict=True) if records else [[] for _ in keys]
    series = [pl.Series(key, values, dtype=pl.String) for key, values in zip(keys, columns, strict=True)]
    return pl.DataFrame(series).select(layout.keys)
