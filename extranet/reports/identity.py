"""What makes a row the same row, in the whole file: digests a row, and which rows stand more than once.

128 bits a row under seeds that nobody knows: with ten million rows two different ones agree by chance once in 10^24
files. Only sixteen bytes a row are kept, however long the cells are.
"""

import secrets
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from extranet.profile.layouts import Layout, ReportKind
from extranet.reports.sources.chunk import Places

_SEPARATOR = "\x1f"
REASON = "the same row stands more than once"

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Seeds:
    """Of one run; digests of two runs cannot be compared."""

    first: int = field(default_factory=lambda: secrets.randbits(63), repr=False)
    second: int = field(default_factory=lambda: secrets.randbits(63), repr=False)


@dataclass(frozen=True)
class RowDigests:
    """Of the rows of a chunk: what makes them the same row (two halves), their case and their member."""

    first: Digests
    second: Digests
    case: Digests
    member: Digests


def digests_of(rows: pl.DataFrame, kind: ReportKind, seeds: Seeds) -> RowDigests:
    whole = rows.select(identity(kind.layout).alias("_"))["_"]
    return RowDigests(
        whole.hash(seeds.first).to_numpy(),
        whole.hash(seeds.second).to_numpy(),
        rows[kind.case_column].hash(seeds.first).to_numpy(),
        rows[kind.member_column].hash(seeds.first).to_numpy(),
    )


def digest_of_case(case_numbers: list[str], seeds: Seeds) -> Digests:
    """What ``RowDigests.case`` has for these case numbers."""
    return pl.Series(case_numbers, dtype=pl.String).hash(seeds.first).to_numpy()


def identity(layout: Layout) -> pl.Expr:
    """What makes a row the same row, as one text."""
    parts = []
    for keys in layout.identity_parts:
        part = pl.col(keys[-1])
        for key in reversed(keys[:-1]):
            part = pl.when(pl.col(key) != "").then(pl.col(key)).otherwise(part)
        parts.append(part)
    return pl.concat_str(parts, separator=_SEPARATOR)


def identity_names(layout: Layout) -> str:
    """The headers of the columns that make it, for a fault."""
    return ", ".join(" or ".join(layout.by_key[key].header for key in keys) for keys in layout.identity_parts)


def different(digests: Digests) -> Digests:
    """Each once, sorted. By sorting: numpy's own ``unique`` takes a table of hashes now, several times slower here."""
    if not len(digests):
        return digests
    ordered = np.sort(digests)
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    found: Digests = ordered[is_first]
    return found


def candidates(first: Digests) -> Places:
    """Places of the rows whose first half stands more than once."""
    ordered = np.sort(first)
    doubled = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.flatnonzero(np.isin(first, doubled)) if len(doubled) else np.empty(0, np.int64)


def doubled(places: Places, first: Digests, second: Digests) -> Places:
    """Those of the candidate places whose whole digest stands more than once; the halves are of the candidates."""
    if not len(places):
        return places
    pairs = np.stack([first, second], axis=1)
    _, inverse, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    return places[counts[inverse.reshape(-1)] > 1]
