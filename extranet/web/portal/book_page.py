"""What the page of a book shows: banner, search, filters, table, pages, downloads. No page is made without a book that
passed the gate."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from extranet.agents.models import Agent
from extranet.reports.book import Book, Facet, Page, View
from extranet.reports.header import BookColumn
from extranet.reports.shelf import Week
from extranet.web.dates import moment
from extranet.web.portal.asked import ALL_COLUMNS, Asked
from extranet.web.portal.cells import DAYS, NUMBERS, said, shown_columns, shown_rows
from extranet.web.portal.late import missing_monday
from extranet.web.portal.pages import page_links

FORMATS = (("Excel", "xlsx"), ("CSV", "csv"), ("JSON", "json"), ("Parquet", "parquet"))


@dataclass(frozen=True)
class Opened:
    """A book that passed the gate, whose it is, and which weeks there are. ``book`` is None if none was published."""

    asked: Asked
    owner: Agent
    is_own: bool
    may_export: bool
    weeks: list[Week]
    book: Book | None

    @property
    def title(self) -> str:
        return self.asked.kind.title if self.is_own else f"{self.asked.kind.title} of {self.owner.full_name}"


def context_of(opened: Opened, now: datetime) -> dict[str, object]:
    """Everything that templates/portal/book.html asks for."""
    crumbs = [("Home", reverse("home")), (opened.title, "")]
    frame = {"title": opened.title, "breadcrumbs": crumbs, "opened": opened, "asked": opened.asked}
    if opened.book is None:
        return frame
    view = opened.book.view(opened.asked.query)
    page = view.page()
    return {
        **frame,
        **_banner(opened, opened.book, now),
        **_narrowing(opened.asked, view),
        **_table(opened, opened.book, page),
        **page_links(page.number, page.pages, lambda number: opened.asked.address(page=number)),
    }


def _banner(opened: Opened, book: Book, now: datetime) -> dict[str, object]:
    newest = opened.weeks[0].as_of if opened.weeks else book.as_of
    return {
        "book": book,
        "cases": book.cases(),
        "released": moment(book.released_at),
        "is_newest": book.as_of == newest,
        "newest_url": opened.asked.address(week=""),
        "missing": missing_monday(newest, now),
        "weeks_hidden": opened.asked.hidden("week"),
        "changes_url": _changes_url(opened.asked),
    }


def _changes_url(asked: Asked) -> str:
    """The changes of the same week of the same book; a search or filter is not theirs."""
    kept = {key: "" for key, _ in asked.pairs if key not in ("week", "agent")}
    return asked.address("changes", **kept)


def _narrowing(asked: Asked, view: View) -> dict[str, object]:
    facets = [column.key for column in view.book.columns if column.facet]
    return {
        "facets": [_facet(facet) for facet in view.facets()],
        "facets_hidden": asked.hidden(*facets),
        "searching_hidden": asked.hidden("view"),
        "is_narrowed": bool(asked.query.search or any(asked.query.filters.values())),
        "is_filtered": any(asked.query.filters.values()),
        "clear": asked.without_filters(),
    }


def _facet(facet: Facet) -> dict[str, object]:
    options = [
        (choice.value, said(facet.column, choice.value), choice.count, choice.selected)
        for choice in facet.choices
        if choice.count or choice.selected
    ]
    chosen = any(choice.selected for choice in facet.choices)
    return {"name": facet.column.key, "label": facet.column.header, "options": options, "any_chosen": chosen}


def _table(opened: Opened, book: Book, page: Page) -> dict[str, object]:
    asked = opened.asked
    columns = shown_columns(book, every=asked.every_column)
    rows = f"rows {page.first:,}–{page.last:,} of {page.total:,}" if page.total else "no rows"
    return {
        "page": page,
        "caption": f"{opened.title}, {rows}",
        "columns": [_column(asked, column) for column in columns],
        "rows": shown_rows(book, page.rows, columns),
        "empty": "No row fits your search and filters." if book.size else "There are no cases in this week's report.",
        "more_columns": asked.address(columns="" if asked.every_column else ALL_COLUMNS),
        "downloads": [(label, asked.address("download", format=name)) for label, name in FORMATS],
    }


def _column(asked: Asked, column: BookColumn) -> dict[str, object]:
    is_sorted, falling = asked.query.sort == column.key, asked.query.descending
    turned = f"-{column.key}" if is_sorted and not falling else column.key
    return {
        "label": column.header,
        "numeric": column.type in NUMBERS,
        "nowrap": column.type in DAYS,
        "sort_url": asked.address(sort=turned) if column.sortable else "",
        "sorted": ("descending" if falling else "ascending") if is_sorted else "",
    }
