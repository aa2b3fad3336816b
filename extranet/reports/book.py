"""An opened book: search, filter, sort and page the rows of one agent, in memory, for as long as one answer takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import numpy as np
import polars as pl

from extranet.reports.columns import Columns, Places, Row
from extranet.reports.header import BookColumn, Header
from extranet.reports.values import Ranks, folded, ranks, sort_key

PAGE_SIZE = 50


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
    cells: Columns = field(repr=False)

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

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.cells.size

    @cached_property
    def rows(self) -> list[Row]:
        """All rows in the order of the report. Costly where there are thousands: a page takes its own from a view."""
        return self.cells.rows(range(self.size))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Column key -> place in a row."""
        return {column.key: place for place, column in enumerate(self.columns)}

    def at(self, row: Row, key: str) -> str:
        return row[self.places[key]]

    def cases(self) -> int:
        return len(set(self.cells.texts(self.header.case_column)))

    def view(self, query: Query) -> "View":
        return View(self, query)

    def select(self, query: Query) -> list[Row]:
        """All rows that match, sorted."""
        return self.cells.rows(self.view(query).order)

    def page(self, query: Query) -> Page:
        return self.view(query).page()

    def facets(self, query: Query) -> list[Facet]:
        return self.view(query).facets()


@dataclass(frozen=True)
class View:
    """What one query shows of a book. Rows are places until the end: only those of the page are ever put together."""

    book: Book
    query: Query

    @cached_property
    def order(self) -> Places:
        """Places of all rows that match, sorted: what a download of this view holds."""
        return self._sorted(self._kept)

    def table(self) -> pl.DataFrame:
        """All rows that match, sorted, as texts by column key."""
        return self.book.cells.frame(self.order)

    def page(self) -> Page:
        total, size = len(self._kept), max(1, self.query.page_size)
        pages = max(1, -(-total // size))
        number = min(max(1, self.query.page), pages)
        start = (number - 1) * size
        shown = self.book.cells.rows(self._between(start, min(start + size, total)))
        return Page(shown, total, number, pages, start + 1 if shown else 0, start + len(shown) if shown else 0)

    def facets(self) -> list[Facet]:
        """Every facet with the values that it has in this book, blanks left out."""
        return [self._facet(column) for column in self.book.columns if column.facet]

    def _facet(self, column: BookColumn) -> Facet:
        cells, chosen = self.book.cells, self.query.filters.get(column.key, ())
        others = {key: values for key, values in self.query.filters.items() if key != column.key}
        whole = cells.counts(column.key, range(self.book.size))
        fitting = self._filtered(others) if chosen else self._kept
        counts = whole if len(fitting) == self.book.size else cells.counts(column.key, fitting)
        values = sorted(whole.keys() - {""}, key=lambda value: sort_key(column, value))
        return Facet(column, [Choice(value, counts.get(value, 0), value in chosen) for value in values])

    @cached_property
    def _kept(self) -> Places:
        return self._filtered(self.query.filters)

    @cached_property
    def _found(self) -> Places:
        """Every word of the search begins or stands in some searchable cell; accents and case do not matter."""
        found: Places = range(self.book.size)
        words = folded(self.query.search).split()
        if not words:
            return found
        searchable = [column.key for column in self.book.columns if column.searchable]
        lines = [folded(line) for line in self.book.cells.joined(searchable)]
        for word in words:
            found = [place for place in found if word in lines[place]]
        return found

    def _filtered(self, filters: Mapping[str, tuple[str, ...]]) -> Places:
        """Filters on what is no facet are not for readers and do nothing."""
        facets, places = {column.key for column in self.book.columns if column.facet}, self._found
        for key, values in filters.items():
            if key in facets and values:
                texts, wanted = self.book.cells.texts(key), set(values)
                places = [place for place in places if texts[place] in wanted]
        return places

    def _between(self, start: int, stop: int) -> Places:
        """``order[start:stop]`` without sorting every row by every key: only rows that share the first key with one of
        the page can stand on it."""
        if start == stop or not self._sorts:
            return self._kept[start:stop]
        first = self._ranks(self._sorts[0], self._kept)
        lowest, highest = np.partition(first, (start, stop - 1))[[start, stop - 1]]
        near = np.flatnonzero((first >= lowest) & (first <= highest)).tolist()
        before = int(np.count_nonzero(first < lowest))
        return self._sorted([self._kept[place] for place in near])[start - before : stop - before]

    def _sorted(self, places: Places) -> Places:
        if not self._sorts:
            return places
        keys = [self._ranks(name, places) for name in reversed(self._sorts)]
        order: list[int] = np.asarray(places, dtype=np.int64)[np.lexsort(keys)].tolist()  # stable; the last key leads
        return order

    @cached_property
    def _sorts(self) -> tuple[str, ...]:
        """The column asked for, then as the report sorts; what is alike stays as the report came. "-" is descending."""
        sortable, usual = {column.key for column in self.book.columns if column.sortable}, self.book.header.default_sort
        asked = "-" + self.query.sort if self.query.descending else self.query.sort
        return (asked, *usual) if self.query.sort in sortable else usual

    def _ranks(self, name: str, places: Places) -> Ranks:
        key = name.removeprefix("-")
        column = self.book.columns[self.book.places[key]]
        return ranks(column, self._texts(key, places), descending=name.startswith("-"))

    def _texts(self, key: str, places: Places) -> Sequence[str]:
        texts = self.book.cells.texts(key)
        return texts if len(places) == self.book.size else [texts[place] for place in places]
