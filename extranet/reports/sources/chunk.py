"""What every kind of file becomes: chunks of rows as text, in the order of the layout, each row with its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from extranet.profile.layouts import Layout

Places = npt.NDArray[np.int64]


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
class RawRows:
    """Where each row lies in the bytes of a chunk, end without its newline; only where these bytes are canonical CSV in
    the order of the layout, so that they may be cut instead of written anew."""

    data: bytes = field(repr=False)
    starts: Places
    ends: Places


@dataclass(frozen=True)
class Chunk:
    """Some rows in the order of the file. ``rows``: one String column a layout key, in the order of the layout, blanks
    as empty text, no nulls. ``lines``: the line, or the row of a sheet, on which each row begins (the header is 1)."""

    rows: pl.DataFrame
    lines: Places
    misshapen: list[MisshapenRow] = field(default_factory=list)
    raw: RawRows | None = None
    longest: int | None = None  # bytes of the longest record where that is known: no cell is longer

    @property
    def count(self) -> int:
        return self.rows.height + len(self.misshapen)


class Source(Protocol):
    """An opened file. Chunks are read once, from the first row to the last; structural faults raise
    PublicationRefused, at the latest when the last chunk was asked for."""

    def chunks(self, layout: Layout) -> Iterator[Chunk]: ...

    @property
    def done(self) -> int:
        """Bytes, or rows, of the file read so far; for the progress."""
        ...

    @property
    def total(self) -> int: ...
