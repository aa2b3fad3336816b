"""An opened book: search, filter, sort and page the rows of one agent, in memory, for as long as one answer takes."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property

from extranet.reports.header import BookColumn, Header

PAGE_SIZE = 50
Row = tuple[str, ...]
Value = str | int | Decimal | date | datetime | None


@dataclass(frozen=True)
class Query:
    """What a reader asks for. ``filters``: column key -> accepted values, of facet columns only. Pages count from 1."""

    search: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    page: int = 1
    page_size: int = PAGE_SIZE


@dataclass(frozen=True)
class Page:
    """Rows ``first`` to ``last`` of ``total``; page ``number`` of ``pages``. A page too far is the last one."""

    rows: Sequence[Row]
    total: int
    number: int
    pages: int
    first: int
    last: int


@dataclass(frozen=True)
class Choice:
    """One value of a facet. ``count``: rows it would show under the search and the other filters."""

    value: str
    count: int
    selected: bool


@dataclass(frozen=True)
class Facet:
    """A filter and its values in this book."""

    column: BookColumn
    choices: list[Choice]


@dataclass(frozen=True)
class Book:
    """The rows of one agent in one publication: texts in the order of ``columns``, blank where nothing is known."""

    header: Header
    released_at: datetime
    revision: int
    rows: list[Row] = field(repr=False)

    @property
    def kind(self) -> str:
        return self.header.kind

    @property
    def title(self) -> str:
        return self.header.title

    @property
    def as_of(self) -> date:
        return self.header.as_of

    @property
    def columns(self) -> tuple[BookColumn, ...]:
        return self.header.columns

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Column key -> place in a row."""
        return {column.key: place for place, column in enumerate(self.columns)}

    def at(self, row: Row, key: str) -> str:
        return row[self.places[key]]

    def cases(self) -> int:
        place = self.places[self.header.case_column]
        return len({row[place] for row in self.rows})

    def select(self, query: Query) -> list[Row]:
        """All rows that match, sorted: what a download of this view holds."""
        rows = self._filtered(self._found(query.search), query.filters)
        return self._sorted(rows, query)

    def page(self, query: Query) -> Page:
        rows, size = self.select(query), max(1, query.page_size)
        pages = max(1, -(-len(rows) // size))
        number = min(max(1, query.page), pages)
        shown = rows[(number - 1) * size : number * size]
        first = (number - 1) * size + 1 if shown else 0
        return Page(shown, len(rows), number, pages, first, first + len(shown) - 1 if shown else 0)

    def facets(self, query: Query) -> list[Facet]:
        """Every facet with the values that it has in this book, blanks left out."""
        found = self._found(query.search)
        return [self._facet(column, found, query) for column in self.columns if column.facet]

    def _facet(self, column: BookColumn, found: list[Row], query: Query) -> Facet:
        place = self.places[column.key]
        others = {key: values for key, values in query.filters.items() if key != column.key}
        counts = Counter(row[place] for row in self._filtered(found, others))
        chosen = query.filters.get(column.key, ())
        values = sorted({row[place] for row in self.rows} - {""}, key=lambda value: sort_key(column, value))
        return Facet(column, [Choice(value, counts[value], value in chosen) for value in values])

    def _found(self, search: str) -> list[Row]:
        """Every word of the search begins or stands in some searchable cell; accents and case do not matter."""
        words = folded(search).split()
        if not words:
            return self.rows
        places = [self.places[column.key] for column in self.columns if column.searchable]
        return [row for row in self.rows if _has_all(words, folded("\n".join(row[place] for place in places)))]

    def _filtered(self, rows: list[Row], filters: Mapping[str, tuple[str, ...]]) -> list[Row]:
        """Filters on what is no facet are not for readers and do nothing."""
        facets = {column.key for column in self.columns if column.facet}
        for key, values in filters.items():
            if key in facets and values:
                place, wanted = self.places[key], set(values)
                rows = [row for row in rows if row[place] in wanted]
        return rows

    def _sorted(self, rows: list[Row], query: Query) -> list[Row]:
        sortable = {column.key for column in self.columns if column.sortable}
        rows = list(rows)
        for name in reversed(self.header.default_sort):
            self._sort(rows, name.removeprefix("-"), descending=name.startswith("-"))
        if query.sort in sortable:
            self._sort(rows, query.sort, descending=query.descending)
        return rows

    def _sort(self, rows: list[Row], key: str, *, descending: bool) -> None:
        """Stable, so that sorts add up; blanks come last in both directions."""
        place = self.places[key]
        by_value = _by_value(self.columns[place], place)
        rows.sort(key=by_value, reverse=descending)
        rows.sort(key=lambda row: row[place] == "")


def book_of(
    header: Header, stable: list[list[str]], volatile: list[list[str]], *, released_at: datetime, revision: int
) -> Book:
    """A book from the blocks of its frames: each column taken from where the header says that it is."""
    sources = [_source(header, column.key) for column in header.columns]
    rows = [tuple(source(first, second) for source in sources) for first, second in zip(stable, volatile, strict=True)]
    return Book(header, released_at, revision, rows)


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
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).casefold()


def sort_key(column: BookColumn, text: str) -> tuple[int, int | Decimal | float | str]:
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


def _by_value(column: BookColumn, place: int) -> Callable[[Row], tuple[int, int | Decimal | float | str]]:
    known: dict[str, tuple[int, int | Decimal | float | str]] = {}

    def key(row: Row) -> tuple[int, int | Decimal | float | str]:
        text = row[place]
        if text not in known:
            known[text] = sort_key(column, text)
        return known[text]

    return key


def _has_all(words: list[str], text: str) -> bool:
    return all(word in text for word in words)


def _source(header: Header, key: str) -> Callable[[list[str], list[str]], str]:
    if key in header.stable:
        place = header.stable.index(key)
        return lambda stable, _volatile: stable[place]
    if key in header.volatile:
        place = header.volatile.index(key)
        return lambda _stable, volatile: volatile[place]
    constant = header.constants.get(key, "")
    return lambda _stable, _volatile: constant
