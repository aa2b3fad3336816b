"""Cells of a book as people read them: days as in letters of this country, amounts with commas, yes and no in words."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from extranet.profile.loader import current
from extranet.reports.book import Book
from extranet.reports.columns import Row
from extranet.reports.header import BookColumn

NUMBERS = ("int", "decimal", "money")
DAYS = ("date", "timestamp")


def shown_columns(book: Book, *, every: bool) -> list[BookColumn]:
    """Those that the layout shows by itself; or all, these first: the first column stays in sight beside the others."""
    shown = [column for column in book.columns if column.shown]
    return [*shown, *(column for column in book.columns if not column.shown)] if every else shown


def shown_rows(book: Book, rows: Sequence[Row], columns: Sequence[BookColumn]) -> list[tuple[str, ...]]:
    """The cells of these columns, as texts for people."""
    places = [(book.places[column.key], WORDS_OF.get(column.type, _as_it_is)) for column in columns]
    return [tuple(said(row[place]) if row[place] else "" for place, said in places) for row in rows]


def said(column: BookColumn, value: str) -> str:
    """One value as people read it; a value that is not of the column's type stays as it came."""
    return WORDS_OF.get(column.type, _as_it_is)(value)


def _as_it_is(text: str) -> str:
    return text


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text):%m/%d/%Y}"
    except ValueError:
        return text


def _moment(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text).astimezone(current().zone):%m/%d/%Y %-I:%M %p}"
    except ValueError:
        return text


def _money(text: str) -> str:
    try:
        return f"{Decimal(text):,.2f}"
    except InvalidOperation:
        return text


def _yes_no(text: str) -> str:
    return {"Y": "Yes", "N": "No"}.get(text, text)


WORDS_OF: dict[str, Callable[[str], str]] = {"date": _day, "timestamp": _moment, "money": _money, "yes_no": _yes_no}
