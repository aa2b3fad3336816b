"""What a cell is worth: its value in the type of its column, and where it stands among the others."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt

from extranet.reports.header import BookColumn

Value = str | int | Decimal | date | datetime | None
SortKey = tuple[int, int | Decimal | float | str]
Ranks = npt.NDArray[np.int64]
_ACCENTS = re.compile("[\u0300-\u034e\u0350-\u036f]")  # nearly all there are; others go the long way, sign by sign


def typed(column: BookColumn, text: str) -> Value:
    """The value of a cell in the column's type; None where blank, the text itself where it is none of that type."""
    if not text:
        return None
    try:
        match column.type:
            case "date":
                return date.fromisoformat(text)
            case "timestamp":
                return datetime.fromisoformat(text)
            case "int":
                return int(text)
            case "decimal" | "money":
                return Decimal(text)
            case _:
                return text
    except (ValueError, InvalidOperation):
        return text


def folded(text: str) -> str:
    """For comparing as people do: without case and accents."""
    if not text.isascii():
        apart = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
        text = apart if apart.isascii() else "".join(sign for sign in apart if not unicodedata.combining(sign))
    return text.casefold()


def sort_key(column: BookColumn, text: str) -> SortKey:
    """Orders cells of one column: by value where they have the type of the column, texts folded, others behind."""
    value = typed(column, text)
    match value:
        case None:
            return 2, 0
        case datetime():
            return 0, value.timestamp()
        case date():
            return 0, value.toordinal()
        case int() | Decimal():
            return 0, value
        case _:
            return 1, folded(value)


def ranks(column: BookColumn, texts: Sequence[str], *, descending: bool) -> Ranks:
    """A number for each cell, the same for cells that sort alike; blanks come last in both directions.

    Each different text is looked at once: a column of twenty thousand cells has a few hundred of them.
    """
    keys = _bare({text: sort_key(column, text) for text in set(texts) - {""}})
    rank_of = {key: rank for rank, key in enumerate(sorted(set(keys.values())))}
    sign = -1 if descending else 1
    known = {"": len(rank_of), **{text: sign * rank_of[key] for text, key in keys.items()}}
    return np.fromiter(map(known.__getitem__, texts), dtype=np.int64, count=len(texts))


def _bare(keys: dict[str, SortKey]) -> dict[str, Any]:
    """Where all are of one sort, as nearly always, the second part alone orders them, in a third of the time."""
    return keys if len({first for first, _ in keys.values()}) > 1 else {text: key for text, (_, key) in keys.items()}
