"""Sums of the money columns, exact to the cent: before and after everything they must agree."""

from decimal import Decimal

import polars as pl

from extranet.reports.checks import MONEY
from extranet.reports.header import Header

Sums = dict[str, Decimal]
_CENTS = pl.Decimal(24, 2)


def money_columns(header: Header) -> list[str]:
    return [column.key for column in header.columns if column.money]


def no_sums(header: Header) -> Sums:
    return {key: Decimal(0) for key in money_columns(header)}


def money_sums(rows: pl.DataFrame, keys: list[str], *, are_amounts: bool = False) -> Sums:
    """Sum of each of these columns over the cells that hold an amount, whatever else the row holds. ``are_amounts``: a
    check has said that every cell is an amount or blank."""
    there = [key for key in keys if key in rows.columns]
    if not there:
        return {}
    return _summed(rows if are_amounts else _amounts(rows, there), there)


def _amounts(rows: pl.DataFrame, there: list[str]) -> pl.DataFrame:
    # What casts and is not written as an amount (1e3, a third decimal) is rare: only then each cell is looked at.
    doubtful = pl.any_horizontal(
        pl.col(key).str.contains(r"[^0-9.\-]|[0-9]{13}|\.[0-9]{3}|^-?\.|\.$").any() for key in there
    )
    if not rows.select(doubtful).item():
        return rows
    return rows.select(pl.when(pl.col(key).str.contains(MONEY)).then(pl.col(key)).alias(key) for key in there)


def _summed(rows: pl.DataFrame, there: list[str]) -> Sums:
    sums = rows.select(pl.col(key).cast(_CENTS, strict=False).sum() for key in there)
    return {key: Decimal(str(sums[key][0] or 0)) for key in there}


def add(total: Sums, more: Sums) -> None:
    for key, amount in more.items():
        total[key] += amount
