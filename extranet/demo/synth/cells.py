"""Values as the texts that stand in a file."""

import polars as pl


def dollars(cents: pl.Series) -> pl.Series:
    """Whole cents as ``12.30``; never negative."""
    return (cents // 100).cast(pl.String) + "." + (cents % 100).cast(pl.String).str.zfill(2)


def tenths(number: pl.Series) -> pl.Series:
    """Whole tenths as ``187.4``."""
    return (number // 10).cast(pl.String) + "." + (number % 10).cast(pl.String)


def yes(condition: pl.Series) -> pl.Expr:
    return pl.when(condition).then(pl.lit("Y")).otherwise(pl.lit("N"))


def first_day(month: pl.Expr) -> pl.Expr:
    """Of a month counted through the years (year * 12 + month - 1)."""
    return pl.date(month // 12, month % 12 + 1, 1)


def last_day(month: pl.Expr) -> pl.Expr:
    return first_day(month).dt.month_end()
