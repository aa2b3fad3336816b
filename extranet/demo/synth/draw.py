"""Chance without a sequence: each value follows from the seed, a name and the number of its case alone.

So any part of the data can be made in any order, in pieces as small as memory asks for, and comes out the same. The
mixing is splitmix64, written out here because the columns library's own hash may change from version to version.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

JUST_BELOW_ONE = 1 - 1e-9  # keeps group + chance inside its group after rounding


def salt(seed: int, name: str) -> int:
    """A 64-bit number for one use of the dice."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "big")


def bits(keys: pl.Series, number: int) -> pl.Series:
    """64 even bits a key."""
    mixed = _mixed(_mixed(pl.col("k") ^ pl.lit(number, dtype=pl.UInt64)))
    return pl.DataFrame({"k": keys.cast(pl.UInt64)}).select(mixed).to_series()


def _mixed(x: pl.Expr) -> pl.Expr:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x // pl.lit(1 << shift, dtype=pl.UInt64))) * pl.lit(factor, dtype=pl.UInt64)
    return x ^ (x // pl.lit(1 << 31, dtype=pl.UInt64))


@dataclass(frozen=True)
class Dice:
    """The chance of one exchange. ``keys`` are whole numbers below 2^64, one a value wanted."""

    seed: int

    def chance(self, name: str, keys: pl.Series) -> pl.Series:
        """Even in [0, 1)."""
        number = bits(keys, salt(self.seed, name)) // (1 << 11)
        return (number.cast(pl.Float64) / float(1 << 53)).alias(name)

    def whole(self, name: str, keys: pl.Series, low: int, high: int) -> pl.Series:
        """Whole numbers from ``low`` to ``high``, both included."""
        return ((self.chance(name, keys) * (high - low + 1)).floor().cast(pl.Int64) + low).alias(name)

    def numbers(self, name: str, keys: pl.Series, *, prime: int) -> pl.Series:
        """Different keys below ``prime`` get different numbers below it, neighbours far apart."""
        start = salt(self.seed, name) % prime
        step = int(prime * 0.6180339887)
        return ((keys.cast(pl.UInt64) * step + start) % prime).alias(name)


class Choices:
    """One of several things by weight, or, with groups, one of the things of the key's group."""

    def __init__(self, weights: Sequence[Sequence[float]]) -> None:
        edges: list[float] = []
        for group, parts in enumerate(weights):
            total, sum_so_far = float(sum(parts)), 0.0
            if total <= 0:
                raise ValueError(f"group {group} has no weight")
            for part in parts:
                sum_so_far += part
                edges.append(group + sum_so_far / total)
            edges[-1] = group + 1.0
        self._edges = pl.Series("edges", edges, dtype=pl.Float64)

    def pick(self, chance: pl.Series, group: pl.Series | None = None) -> pl.Series:
        """The place of the chosen thing, counted through all groups in their order."""
        capped = chance.clip(upper_bound=JUST_BELOW_ONE)
        at = capped if group is None else capped + group.cast(pl.Float64)
        return self._edges.search_sorted(at, side="right").cast(pl.Int64)
