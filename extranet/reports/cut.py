"""The lines of a chunk's rows, in the order in which they are asked for: cut from the file's own bytes where that is
the same thing, written anew where it is not.

Cutting needs that what stays out of the stable block stands at the edges of a row: constants before it, volatile
columns behind it, as in the Book of Business. A layout of another kind is written anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from extranet.profile.layouts import Layout
from extranet.reports.header import Header
from extranet.reports.lines import columns_to_quote, line_of, needs_quotes
from extranet.reports.sources.chunk import Chunk, Places

_NEVER_QUOTED = ("date", "timestamp", "int", "decimal", "money", "yes_no")


@dataclass(frozen=True)
class Lines:
    """Lines without their newline, stable and volatile, and how many bytes each takes with it."""

    stable: Sequence[bytes] = field(repr=False)
    volatile: Sequence[bytes] = field(repr=False)
    stable_bytes: Places
    volatile_bytes: Places


def edges_of(layout: Layout, header: Header) -> tuple[list[str], list[str]] | None:
    """The columns before and behind the stable block of a row; None where it is no run, or an edge may be quoted."""
    keys, stable = list(layout.keys), list(header.stable)
    first = keys.index(stable[0]) if stable else 0
    behind = keys[first + len(stable) :]
    is_run = keys[first : first + len(stable)] == stable and behind == list(header.volatile)
    edges = keys[:first] + behind
    plain = all(layout.by_key[key].type in _NEVER_QUOTED for key in edges)
    return (keys[:first], behind) if is_run and plain and len(stable) > 1 else None


def lines_of(chunk: Chunk, places: Places, layout: Layout, header: Header) -> Lines:
    """The lines of the rows at these places. The rows there were checked: constants are what the header says."""
    edges = edges_of(layout, header)
    if chunk.raw is not None and edges is not None:
        return _cut(chunk, places, *edges)
    return _written(chunk, places, layout, header)


def _cut(chunk: Chunk, places: Places, before: list[str], behind: list[str]) -> Lines:
    assert chunk.raw is not None  # noqa: S101 -- asked by lines_of
    data = chunk.raw.data
    starts = chunk.raw.starts[places] + _width(chunk.rows, before)[places]
    ends = chunk.raw.ends[places]
    tails = _width(chunk.rows, behind)[places]
    stable = _slices(data, starts, ends - tails)
    if not behind:
        return Lines(stable, [], ends - starts + 1, np.zeros(len(places), np.int64))
    volatile = _slices(data, ends - tails + 1, ends)
    volatile_bytes = tails  # a comma before them in the file, a newline behind them here
    if len(behind) == 1 and (tails == 1).any():
        volatile, volatile_bytes = [line or b'""' for line in volatile], np.where(tails == 1, 3, tails)
    return Lines(stable, volatile, ends - tails - starts + 1, volatile_bytes)


def _width(rows: pl.DataFrame, keys: list[str]) -> Places:
    """Bytes of these cells with a comma each."""
    if not keys:
        return np.zeros(rows.height, np.int64)
    return rows.select(pl.sum_horizontal(pl.col(key).str.len_bytes().cast(pl.Int64) + 1 for key in keys))[
        keys[0]
    ].to_numpy()


def _slices(data: bytes, starts: Places, ends: Places) -> list[bytes]:
    return [data[first:last] for first, last in zip(starts.tolist(), ends.tolist(), strict=True)]


def _written(chunk: Chunk, places: Places, layout: Layout, header: Header) -> Lines:
    quoted = columns_to_quote(chunk.rows, _that_may_need_quotes(layout))
    written = chunk.rows.select(
        line_of(header.stable, quoted=quoted).cast(pl.Binary).alias("stable"),
        line_of(header.volatile, quoted=quoted).cast(pl.Binary).alias("volatile"),
    )[places]
    stable = written["stable"].to_list()
    volatile = written["volatile"].to_list() if header.volatile else []
    return Lines(stable, volatile, _with_newline(stable, len(places)), _with_newline(volatile, len(places)))


def _that_may_need_quotes(layout: Layout) -> list[str]:
    """Numbers and days were checked and hold no comma; neither does a declared value without one."""
    plain = [column.key for column in layout.columns if column.type in _NEVER_QUOTED]
    plain += [column.key for column in layout.columns if column.allowed and not any(map(needs_quotes, column.allowed))]
    return [key for key in layout.keys if key not in plain]


def _with_newline(lines: Sequence[bytes], rows: int) -> Places:
    if not lines:
        return np.zeros(rows, np.int64)
    return np.fromiter((len(line) + 1 for line in lines), np.int64, len(lines))
