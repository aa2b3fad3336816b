"""Search, filters, sorting and pages of a book."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from extranet.reports.book import Book, Query
from extranet.reports.columns import Framed, Listed
from extranet.reports.header import header_of
from extranet.reports.values import folded
from tests.reports.exchange import ALICE, MONDAY, Row, book_row, report


def book(*rows: Row, large: bool = False) -> Book:
    """A book of these rows; ``large`` as those are held that have thousands."""
    header = header_of(report(), as_of=MONDAY, constants={"extract_date": MONDAY.isoformat()})
    cells = {column.key: [row[column.key] for row in rows] for column in header.columns}
    columns = Framed(pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))) if large else Listed(cells)
    return Book(header, datetime(2026, 11, 16, 17, tzinfo=UTC), 1, columns)


def names(book: Book, query: Query) -> list[str]:
    return [book.at(row, "first_name") for row in book.select(query)]


ROWS = (
    book_row(ALICE, 1, first_name="María", last_name="Nuñez-Ortega", metal_level="Silver", net_premium="9.50"),
    book_row(ALICE, 2, first_name="Luis", last_name="Nuñez-Ortega", metal_level="Gold", net_premium="100.00"),
    book_row(ALICE, 3, first_name="Zoë", last_name="Ångström", metal_level="Silver", net_premium=""),
)


@pytest.fixture(params=[False, True], ids=["small", "large"])
def people(request: pytest.FixtureRequest) -> Book:
    """Small and large books are held in different ways and show the same."""
    return book(*ROWS, large=request.param)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", {"María", "Luis", "Zoë"}),
        ("nunez", {"María", "Luis"}),
        ("NUÑEZ maria", {"María"}),
        ("angstrom", {"Zoë"}),
        ("5004300002", {"Luis"}),
        ("  ", {"María", "Luis", "Zoë"}),
        ("nunez zoe", set()),
        ("silver", set()),  # searched are names and numbers, filtered is the rest
    ],
)
def test_search_finds_every_word_in_any_case_and_without_accents(people: Book, search: str, found: set[str]) -> None:
    assert set(names(people, Query(search=search))) == found


def test_filters_accept_any_of_their_values_and_add_up(people: Book) -> None:
    silver = {"metal_level": ("Silver",)}
    assert set(names(people, Query(filters=silver))) == {"María", "Zoë"}
    assert names(people, Query(filters={"metal_level": ("Silver", "Gold")}, search="luis")) == ["Luis"]
    assert names(people, Query(filters=silver, search="luis")) == []


def test_a_filter_on_what_is_no_facet_does_nothing(people: Book) -> None:
    assert len(names(people, Query(filters={"last_name": ("Nobody",), "nothing": ("x",), "metal_level": ()}))) == 3


def test_facets_count_what_each_choice_would_show(people: Book) -> None:
    query = Query(filters={"metal_level": ("Gold",)}, search="nunez")
    facet = next(facet for facet in people.facets(query) if facet.column.key == "metal_level")
    assert [(choice.value, choice.count, choice.selected) for choice in facet.choices] == [
        ("Gold", 1, True),
        ("Silver", 1, False),
    ]
    assert not any(facet.column.personal for facet in people.facets(Query()))


@pytest.mark.parametrize(("descending", "order"), [(False, ["María", "Luis", "Zoë"]), (True, ["Luis", "María", "Zoë"])])
def test_money_sorts_by_amount_and_blanks_come_last(people: Book, descending: bool, order: list[str]) -> None:
    assert names(people, Query(sort="net_premium", descending=descending)) == order


def test_dates_and_whole_numbers_sort_by_value() -> None:
    rows = [book_row(ALICE, 1, household_size="10"), book_row(ALICE, 2, household_size="9")]
    sizes = book(*rows)
    assert [sizes.at(row, "household_size") for row in sizes.select(Query(sort="household_size"))] == ["9", "10"]


def test_without_a_sort_names_come_in_the_order_of_the_report(people: Book) -> None:
    assert names(people, Query()) == ["Zoë", "Luis", "María"]
    assert names(people, Query(sort="no such column")) == ["Zoë", "Luis", "María"]


def test_pages_count_from_one_and_a_page_too_far_is_the_last() -> None:
    many = book(*(book_row(ALICE, number) for number in range(1, 122)))
    page = many.page(Query(page=3))
    assert (len(page.rows), page.total, page.number, page.pages, page.first, page.last) == (21, 121, 3, 3, 101, 121)
    assert many.page(Query(page=99)).number == 3
    assert many.page(Query(page=-1)).first == 1
    empty = many.page(Query(search="nobody"))
    assert (empty.total, empty.number, empty.pages, empty.first, empty.last) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize("large", [False, True])
def test_what_is_no_amount_sorts_behind_the_amounts_and_before_blanks(large: bool) -> None:
    premiums = ["see note", "10.00", "", "9.50", "Ask"]
    odd = book(*(book_row(ALICE, place, net_premium=text) for place, text in enumerate(premiums)), large=large)
    rows = odd.select(Query(sort="net_premium"))
    assert [odd.at(row, "net_premium") for row in rows] == ["9.50", "10.00", "Ask", "see note", ""]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("sort", ["", "metal_level", "net_premium", "first_name"])
@pytest.mark.parametrize("descending", [False, True])
def test_the_pages_one_after_the_other_are_the_whole_view(sort: str, descending: bool, large: bool) -> None:
    rows = [
        book_row(
            ALICE,
            number,
            last_name=("Abbott", "abbott", "Ábbott", "Zuñiga")[number % 4],
            first_name=f"A{number * 7 % 11}",
            metal_level=("Gold", "Silver", "")[number % 3],
            net_premium=("9.50", "10.00", "")[number % 3],
        )
        for number in range(1, 61)
    ]
    many = book(*rows, large=large)
    queries = [Query(sort=sort, descending=descending, page=page, page_size=7) for page in range(1, 10)]
    paged = [row for query in queries for row in many.page(query).rows]
    assert paged == many.select(queries[0])
    assert len(set(paged)) == 60


def test_a_book_counts_its_cases(people: Book) -> None:
    assert book(book_row(ALICE, 1), book_row(ALICE, 1, member_id="2"), book_row(ALICE, 3)).cases() == 2
    assert people.as_of == date(2026, 11, 16)


def test_folding_takes_case_and_accents_away() -> None:
    assert folded("Nuñez STRASSE ß Ångström") == "nunez strasse ss angstrom"
