"""Typed cells as the text that a CSV would have had. Where a type has lost what the text had, the file is refused.

A license that became a number has lost its zeros, a moment without a zone is a guess: neither is repaired here.
"""

from collections.abc import Mapping

import polars as pl

from extranet.profile.layouts import NUMBERS, Column, Layout
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.chunk import Places

TEXT, NUMBER, DAY, MOMENT, ZONED, BOOLEAN = "text", "number", "day", "moment", "zoned moment", "boolean"
_CENT = 1e-4  # of a cent: what a sum of exact cents may be off in a 64-bit float
_AT_HOME: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(NUMBERS, (TEXT, NUMBER)),
    "text": (TEXT,),
    "enum": (TEXT,),
    "date": (TEXT, DAY),
    "timestamp": (TEXT, ZONED),
    "yes_no": (TEXT, BOOLEAN),
}
_INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(NUMBERS, "a number is expected"),
    "text": "write it as text",
    "enum": "write it as text",
    "date": "write a day without a time, or the text YYYY-MM-DD",
    "timestamp": "write the text YYYY-MM-DDTHH:MM:SSZ",
    "yes_no": "write Y or N",
}
_LOST: Mapping[tuple[str, str], str] = {
    ("text", NUMBER): ": leading zeros and letters may be lost",
    ("text", DAY): ": the text that it was is lost",
    ("timestamp", MOMENT): " without a zone: which moment it is nobody can know",
    ("timestamp", DAY): " without a time and a zone",
}


def why_not(column: Column, holds: str) -> str:
    """Why a column of the layout cannot be read from what the file holds there; blank if it can."""
    if holds in _AT_HOME[column.type]:
        return ""
    return f"is a {holds}{_LOST.get((column.type, holds), '')}; {_INSTEAD[column.type]}"


def number_text(text: pl.Expr, column: Column) -> pl.Expr:
    """The digits of a number as a CSV has them: amounts with two decimals, other numbers without idle zeros.

    More decimals than that stay, so that the check tells of them: nothing is rounded.
    """
    bare = text.str.replace(r"(\.[0-9]*?)0+$", "${1}").str.replace(r"\.$", "")
    if column.type != "money":
        return bare
    one, none = bare.str.contains(r"^-?[0-9]+\.[0-9]$"), bare.str.contains(r"^-?[0-9]+$")
    return pl.when(one).then(bare + "0").when(none).then(bare + ".00").otherwise(bare)


def float_text(cell: pl.Expr, column: Column) -> pl.Expr:
    """A 64-bit float; an amount that is whole cents but for the noise of binary fractions is that amount."""
    as_it_is = number_text(cell.cast(pl.String), column)
    if column.type != "money":
        return as_it_is
    cents = cell * 100
    whole = (cents - cents.round()).abs() < _CENT
    return pl.when(whole).then(cell.cast(pl.Decimal(38, 2), strict=False).cast(pl.String)).otherwise(as_it_is)


def refuse_nul(rows: pl.DataFrame, lines: Places, layout: Layout) -> None:
    """A NUL byte is no sign of any text; a file that has one is damaged."""
    where = pl.all().str.contains("\0", literal=True)
    for key, found in rows.select(where.any()).row(0, named=True).items():
        if found:
            line = lines[int(rows[key].str.contains("\0", literal=True).arg_max() or 0)]
            raise PublicationRefused(
                f"line {line}, {layout.by_key[key].header}: there is a NUL byte; the file is damaged"
            )
