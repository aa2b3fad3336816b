"""What the address of a book asks for, read once and written back into every link of the page.

Filters on columns that are not personal stand in the address as they are; a search stands there sealed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse

from extranet.profile.layouts import ReportKind
from extranet.profile.loader import current
from extranet.reports.book import Query
from extranet.reports.view_token import open_view

Pairs = tuple[tuple[str, str], ...]
PLAIN = ("week", "agent", "columns", "sort", "view")
ALL_COLUMNS = "all"
LONGEST_VALUE = 200


@dataclass(frozen=True)
class Asked:
    """One view of one book. ``license`` is blank for the own book, else that of an agent of the own agency."""

    kind: ReportKind
    week: date | None
    license: str
    every_column: bool
    query: Query
    pairs: Pairs

    def address(self, name: str = "book", **changes: str) -> str:
        """This view's address with some parts changed; blank takes a part away. The page starts again at 1."""
        kept = [(key, value) for key, value in self.pairs if key not in changes]
        kept += [(key, value) for key, value in changes.items() if value]
        path = reverse(name, args=[self.kind.slug])
        return f"{path}?{urlencode(kept)}" if kept else path

    def without_filters(self) -> str:
        """The same week, columns and order with neither search nor filter."""
        facets = {column.key: "" for column in self.kind.layout.columns if column.facet}
        return self.address(view="", **facets)

    def hidden(self, *but: str) -> Pairs:
        """What a form of this page must carry along: all but the fields that it has itself."""
        return tuple((key, value) for key, value in self.pairs if key not in but)


def read_asked(slug: str, given: QueryDict, *, session_id: str) -> Asked:
    """Raises Http404 for a kind or week that cannot be, ViewRefused for a search of another session."""
    kind = current().reports.get(slug)
    if kind is None:
        raise Http404
    facets = [column.key for column in kind.layout.columns if column.facet]
    pairs = tuple(_pairs(given, facets))
    plain = dict(pair for pair in pairs if pair[0] in PLAIN)
    sort = plain.get("sort", "")
    query = Query(
        search=open_view(token=plain["view"], session_id=session_id) if "view" in plain else "",
        filters={key: tuple(value for name, value in pairs if name == key) for key in facets},
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        page=_number(given.get("page", "")),
    )
    every = plain.get("columns") == ALL_COLUMNS
    return Asked(kind, _week(plain.get("week", "")), plain.get("agent", ""), every, query, pairs)


def _pairs(given: QueryDict, facets: list[str]) -> Iterator[tuple[str, str]]:
    """The parts that mean something, blanks and endless values left out."""
    for key in PLAIN:
        if value := given.get(key, "")[: 4 * LONGEST_VALUE]:
            yield key, value
    for key in facets:
        yield from ((key, value[:LONGEST_VALUE]) for value in given.getlist(key) if value)


def _week(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Http404 from None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
