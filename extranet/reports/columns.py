"""The cells of a book by column, read from the texts of its frames.

Up to a few hundred rows the standard library's csv is fastest. Above, Polars reads the blocks, and a column becomes
texts of Python only when somebody asks for it: a page needs a dozen of sixty.
"""

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import polars as pl

from extranet.reports.header import Header
from extranet.reports.lines import parse_frame, split_frame
from extranet.reports.refusals import IntegrityBroken

LISTED_UP_TO = 400  # rows; measured in docs/decisions/0014-opening-a-book.md
Row = tuple[str, ...]
Places = Sequence[int]  # of rows, from 0, in the order in which they are wanted
_COMMA = ord(",")


class Columns(Protocol):
    """All rows of one book, asked column by column."""

    @property
    def size(self) -> int: ...

    def texts(self, key: str) -> Sequence[str]:
        """The cells of one column."""
        ...

    def counts(self, key: str, places: Places) -> Mapping[str, int]:
        """How often each value of a column stands in these rows."""
        ...

    def joined(self, keys: Sequence[str]) -> Sequence[str]:
        """The cells of these columns, for each row one below the other."""
        ...

    def rows(self, places: Places) -> list[Row]:
        """Whole rows."""
        ...

    def frame(self, places: Places) -> pl.DataFrame:
        """Whole rows as a table of texts."""
        ...


@dataclass(frozen=True)
class Listed:
    """A small book: every cell is a text of Python."""

    columns: Mapping[str, Sequence[str]] = field(repr=False)

    @property
    def size(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def texts(self, key: str) -> Sequence[str]:
        return self.columns[key]

    def counts(self, key: str, places: Places) -> Mapping[str, int]:
        return Counter(map(self.columns[key].__getitem__, places))

    def joined(self, keys: Sequence[str]) -> Sequence[str]:
        return ["\n".join(cells) for cells in zip(*(self.columns[key] for key in keys), strict=True)]

    def rows(self, places: Places) -> list[Row]:
        columns = list(self.columns.values())
        return [tuple([column[place] for column in columns]) for place in places]

    def frame(self, places: Places) -> pl.DataFrame:
        return pl.DataFrame(
            {key: [column[place] for place in places] for key, column in self.columns.items()},
            schema=dict.fromkeys(self.columns, pl.String),
        )


@dataclass(frozen=True)
class Framed:
    """A large book: a table, of which columns are listed when they are asked for."""

    table: pl.DataFrame = field(repr=False)
    _listed: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def size(self) -> int:
        return self.table.height

    def texts(self, key: str) -> Sequence[str]:
        if key not in self._listed:
            self._listed[key] = self.table[key].to_list()
        return self._listed[key]

    def counts(self, key: str, places: Places) -> Mapping[str, int]:
        return dict(self._at(self.table.select(key), places).to_series().value_counts().iter_rows())

    def joined(self, keys: Sequence[str]) -> Sequence[str]:
        cells: list[str] = self.table.select(pl.concat_str(keys, separator="\n")).to_series().to_list()
        return cells

    def rows(self, places: Places) -> list[Row]:
        return self.frame(places).rows()

    def frame(self, places: Places) -> pl.DataFrame:
        return self._at(self.table, places)

    def _at(self, table: pl.DataFrame, places: Places) -> pl.DataFrame:
        return table if places == range(self.size) else table[np.asarray(places, dtype=np.uint32)]


def read_columns(header: Header, frames: Sequence[bytes], *, listed_up_to: int = LISTED_UP_TO) -> Columns:
    """The rows of all frames, one below the other, in the columns of the header; raises IntegrityBroken."""
    if sum(split_frame(text)[0] for text in frames) <= listed_up_to:
        return _listed(header, frames)
    return Framed(pl.concat([_table(header, text) for text in frames]))


def _listed(header: Header, frames: Sequence[bytes]) -> Listed:
    stable: list[list[str]] = []
    volatile: list[list[str]] = []
    for text in frames:
        first, second = parse_frame(text, stable=len(header.stable), volatile=len(header.volatile))
        stable += first
        volatile += second
    found: dict[str, Sequence[str]] = dict(zip(header.stable, zip(*stable, strict=True), strict=False))
    found |= dict(zip(header.volatile, zip(*volatile, strict=True), strict=False))
    keys = [column.key for column in header.columns]
    return Listed({key: found.get(key) or [header.constants.get(key, "")] * len(stable) for key in keys})


def _table(header: Header, text: bytes) -> pl.DataFrame:
    rows, stable, volatile = split_frame(text)
    found = {**_block(stable, header.stable, rows), **_block(volatile, header.volatile, rows)}
    for key in {column.key for column in header.columns} - set(found):
        found[key] = pl.repeat(header.constants.get(key, ""), rows, dtype=pl.String, eager=True)
    return pl.DataFrame([found[column.key].alias(column.key) for column in header.columns])


def _block(block: bytes, keys: Sequence[str], rows: int) -> dict[str, pl.Series]:
    if not keys:
        return {}
    try:
        table = pl.read_csv(
            BOM_UTF8 + block if block.startswith(BOM_UTF8) else block,  # Polars takes one off
            has_header=False,
            schema=dict.fromkeys(keys, pl.String),
            empty_string_is_null=False,
            extra_columns="raise",
        )
    except pl.exceptions.PolarsError:
        raise IntegrityBroken("a frame holds something that is no CSV, or a line wider than its header") from None
    if table.height != rows:
        raise IntegrityBroken(f"a frame says {rows} rows and holds {table.height}")
    if _separators(block) != rows * (len(keys) - 1):
        raise IntegrityBroken("a frame holds a line of another width than its header")
    return {series.name: series for series in table}


def _separators(block: bytes) -> int:
    """Commas outside quotes: Polars refuses long lines and fills up short ones without a word."""
    quoted = b"".join(block.split(b'"')[1::2])
    commas = int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == _COMMA))
    return commas - quoted.count(b",")
