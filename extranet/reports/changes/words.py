"""What a change means, in words: the profile's sentence with before, after and the distance between them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

from extranet.profile.layouts import ColumnType
from extranet.reports.changes.record import Field, Told

Say = Callable[[ColumnType, str], str]
NOTHING = "blank"
_MINUS = "−"  # as wide as the plus sign


def sentence(told: Told, say: Say) -> str:
    """``say`` writes one value of a column's type as people read it."""
    if told.field is None:
        return told.words
    of = told.field
    return told.words.format(
        before=say(of.type, of.before) if of.before else NOTHING,
        after=say(of.type, of.after) if of.after else NOTHING,
        by=distance(of),
        column=of.header,
    )


def distance(of: Field) -> str:
    """From before to after with its sign, as in "+12.00" or "+30 days"; a blank amount is none. Where there is no
    distance, the new text."""
    try:
        if of.type == "date":
            return _days((date.fromisoformat(of.after) - date.fromisoformat(of.before)).days)
        apart = Decimal(of.after or "0") - Decimal(of.before or "0")
    except (ValueError, InvalidOperation):
        return of.after or NOTHING
    size = f"{abs(apart):,.2f}" if of.type == "money" else f"{abs(apart):,f}"
    return f"{_MINUS if apart < 0 else '+'}{size}"


def _days(days: int) -> str:
    return f"{_MINUS if days < 0 else '+'}{abs(days):,} day{'' if abs(days) == 1 else 's'}"
