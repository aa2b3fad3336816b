"""Gather each owner's lines from the spill, group by group. The order of the file is kept within an owner."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from extranet.reports.identity import Digests
from extranet.reports.lines import frame_text
from extranet.reports.owner import Codes, Owner
from extranet.reports.sources.chunk import Places
from extranet.reports.spill import Segment, Spill


@dataclass(frozen=True)
class Portion:
    """All rows of one owner in a publication: both blocks of a frame, and how many rows and cases they hold."""

    owner: Owner
    rows: int
    cases: int
    stable: bytes = field(repr=False)
    volatile: bytes = field(repr=False)

    @property
    def text(self) -> bytes:
        return frame_text(self.rows, self.stable, self.volatile)


@dataclass(frozen=True)
class _Runs:
    """Rows of one owner that lie behind each other, for all runs of a group."""

    code: Codes
    rows: Places
    stable: list[memoryview]
    volatile: list[memoryview]


class Gathering:
    """Reads the spill once, group by group."""

    def __init__(self, spill: Spill, owners: list[Owner], left_out: Places) -> None:
        """``left_out``: ordinals, sorted, of rows that are quarantined after all."""
        self._spill, self._owners, self._left_out = spill, owners, left_out

    def portions(self) -> Iterator[Portion]:
        for group in range(self._spill.groups):
            yield from self._of_group(self._spill.read_group(group))

    def _of_group(self, rows: Segment) -> Iterator[Portion]:
        kept = self._kept(rows)
        if not len(kept):
            return
        cases, runs = _count_cases(rows.code[kept], rows.case[kept]), _runs_of(rows, kept)
        order = np.argsort(runs.code, kind="stable")
        ordered, counts = runs.code[order], runs.rows[order]
        firsts = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
        numbers = np.add.reduceat(counts, firsts).tolist()
        places = order.tolist()
        for number, (first, last) in zip(numbers, pairwise([*firsts.tolist(), len(ordered)]), strict=True):
            code, own = int(ordered[first]), places[first:last]
            yield Portion(
                self._owners[code],
                number,
                cases[code],
                b"".join([runs.stable[place] for place in own]),
                b"".join([runs.volatile[place] for place in own]),
            )

    def _kept(self, rows: Segment) -> Places:
        """Places of the rows that are not left out."""
        if not len(self._left_out):
            return np.arange(len(rows.ordinal))
        return np.flatnonzero(~np.isin(rows.ordinal, self._left_out))


def _count_cases(codes: Codes, cases: Digests) -> dict[int, int]:
    """Different cases of each owner."""
    order = np.lexsort((cases, codes))
    codes, cases = codes[order], cases[order]
    is_new = np.ones(len(codes), bool)
    is_new[1:] = (codes[1:] != codes[:-1]) | (cases[1:] != cases[:-1])
    owners, counts = np.unique(codes[is_new], return_counts=True)
    return dict(zip(owners.tolist(), counts.tolist(), strict=True))


def _runs_of(rows: Segment, kept: Places) -> _Runs:
    """Neighbours of one owner are one run; a row that is left out parts it."""
    code = rows.code[kept]
    edges = np.flatnonzero((np.diff(code) != 0) | (np.diff(kept) != 1)) + 1
    firsts = kept[np.concatenate([[0], edges])]
    lasts = kept[np.concatenate([edges - 1, [len(kept) - 1]])]
    return _Runs(
        rows.code[firsts],
        lasts - firsts + 1,
        _views(rows.stable, rows.stable_bytes, firsts, lasts),
        _views(rows.volatile, rows.volatile_bytes, firsts, lasts),
    )


def _views(block: memoryview, lengths: Places, firsts: Places, lasts: Places) -> list[memoryview]:
    ends = np.cumsum(lengths)
    starts = (ends - lengths)[firsts].tolist()
    return [block[start:end] for start, end in zip(starts, ends[lasts].tolist(), strict=True)]


def lines_left_out(rows: Segment, left_out: Places) -> Iterator[tuple[int, bytes, bytes]]:
    """Ordinal, stable and volatile line of each row that is left out."""
    places = np.flatnonzero(np.isin(rows.ordinal, left_out))
    stable = _views(rows.stable, rows.stable_bytes, places, places)
    volatile = _views(rows.volatile, rows.volatile_bytes, places, places)
    for place, first, second in zip(places.tolist(), stable, volatile, strict=True):
        yield int(rows.ordinal[place]), bytes(first), bytes(second)
