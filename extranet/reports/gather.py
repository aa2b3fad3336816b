"""Gather each owner's lines from the spill, group by group. The order of the file is kept within an owner."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

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
    """Rows of one owner that lie behind each other in one segment, for all runs of a segment."""

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
            segments = self._spill.read_group(group)
            if segments:
                yield from self._of_group(segments)

    def _of_group(self, segments: list[Segment]) -> Iterator[Portion]:
        kept = [self._kept(segment) for segment in segments]
        cases = _count_cases(segments, kept)
        runs = [_runs_of(segment, keep) for segment, keep in zip(segments, kept, strict=True)]
        codes = np.concatenate([run.code for run in runs])
        rows = np.concatenate([run.rows for run in runs])
        stable = [view for run in runs for view in run.stable]
        volatile = [view for run in runs for view in run.volatile]
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        edges = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(ordered)]
        places = order.tolist()
        for first, last in pairwise(edges):
            if first < last:
                code, own = int(ordered[first]), places[first:last]
                yield Portion(
                    self._owners[code],
                    int(rows[order[first:last]].sum()),
                    cases[code],
                    b"".join([stable[place] for place in own]),
                    b"".join([volatile[place] for place in own]),
                )

    def _kept(self, segment: Segment) -> npt.NDArray[np.bool_]:
        if not len(self._left_out):
            return np.ones(len(segment.ordinal), bool)
        return ~np.isin(segment.ordinal, self._left_out)


def _count_cases(segments: list[Segment], kept: list[npt.NDArray[np.bool_]]) -> dict[int, int]:
    """Different cases of each owner."""
    codes = np.concatenate([segment.code[keep] for segment, keep in zip(segments, kept, strict=True)])
    cases = np.concatenate([segment.case[keep] for segment, keep in zip(segments, kept, strict=True)])
    order = np.lexsort((cases, codes))
    codes, cases = codes[order], cases[order]
    is_new = np.ones(len(codes), bool)
    is_new[1:] = (codes[1:] != codes[:-1]) | (cases[1:] != cases[:-1])
    owners, counts = np.unique(codes[is_new], return_counts=True)
    return dict(zip(owners.tolist(), counts.tolist(), strict=True))


def _runs_of(segment: Segment, keep: npt.NDArray[np.bool_]) -> _Runs:
    """Neighbours of one owner are one run; a row that is left out parts it."""
    kept = np.flatnonzero(keep)
    if not len(kept):
        return _Runs(segment.code[:0], kept, [], [])
    code = segment.code[kept]
    edges = np.flatnonzero((np.diff(code) != 0) | (np.diff(kept) != 1)) + 1
    firsts = kept[np.concatenate([[0], edges])]
    lasts = kept[np.concatenate([edges - 1, [len(kept) - 1]])]
    return _Runs(
        segment.code[firsts],
        lasts - firsts + 1,
        _views(segment.stable, segment.stable_bytes, firsts, lasts),
        _views(segment.volatile, segment.volatile_bytes, firsts, lasts),
    )


def _views(block: memoryview, lengths: Places, firsts: Places, lasts: Places) -> list[memoryview]:
    ends = np.cumsum(lengths)
    starts = (ends - lengths)[firsts].tolist()
    return [block[start:end] for start, end in zip(starts, ends[lasts].tolist(), strict=True)]


def lines_left_out(segments: Iterator[Segment], left_out: Places) -> Iterator[tuple[int, bytes, bytes]]:
    """Ordinal, stable and volatile line of each row that is left out."""
    for segment in segments:
        places = np.flatnonzero(np.isin(segment.ordinal, left_out))
        stable = _views(segment.stable, segment.stable_bytes, places, places)
        volatile = _views(segment.volatile, segment.volatile_bytes, places, places)
        for place, first, second in zip(places.tolist(), stable, volatile, strict=True):
            yield int(segment.ordinal[place]), bytes(first), bytes(second)
