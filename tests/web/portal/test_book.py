"""The book on the page: whose it is, search, filters, order, weeks, pages; and the neighbour who gets nothing."""

import re
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from extranet.agents.models import Agency, AgencyMembership, AgencyRole
from extranet.audit.models import Event
from extranet.credentials.models import Account
from extranet.profile.loader import current
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, CHARLIE, LAST_MONDAY, book_row, conditional_row
from tests.web.people import signed_in, text_of
from tests.web.portal.conftest import ALICES, BOBS, Publish, agent_of

BOOK = "/reports/book-of-business/"


def names(client: Client, address: str = BOOK) -> list[str]:
    """Last names in the order of the table."""
    return re.findall(r'data-label="Last Name">([^<]*)<', text_of(client.get(address)))


def search(client: Client, text: str, **more: str) -> str:
    """The address to which a search leads."""
    answer = client.post(BOOK, {"search": text, **more})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_alice_sees_her_rows_and_nobody_else_s(alices: Client, published: None) -> None:
    page = text_of(alices.get(BOOK))
    assert "Nuñez-Ortega" in page
    assert "Quux" not in page
    assert "<strong>3</strong> cases, 3 rows." in page


def test_bob_sees_his(bobs: Client, published: None) -> None:
    assert names(bobs) == ["Quux"]


def test_charlie_who_has_no_case_is_told_so(charlies: Client, published: None) -> None:
    page = text_of(charlies.get(BOOK))
    assert "There are no cases in this week&#x27;s report." in page
    assert "<table" not in page


def test_the_banner_says_as_of_which_day_and_when_released(alices: Client, published: None) -> None:
    page = text_of(alices.get(BOOK))
    assert "As of <strong>Monday, November 16, 2026</strong>" in page
    assert "Released November 16, 2026 at 9:00 AM PST" in page


def test_before_the_first_publication_the_page_says_so_and_refuses_nobody(alices: Client) -> None:
    page = alices.get(BOOK)
    assert page.status_code == 200
    assert "Nothing has been published yet" in text_of(page)
    assert not events("book:view:refused")


def test_every_look_is_in_the_trail(alices: Client, alice: Account, published: None) -> None:
    alices.get(BOOK)
    alices.get(BOOK)
    looks = events("book:view:done", ALICE)
    assert [look.actor for look in looks] == [alice.username] * 2
    assert looks[0].network == "198.51.100.0/24"


def test_cells_are_escaped(alices: Client, published: None) -> None:
    page = text_of(alices.get(BOOK))
    assert "<b>Bold</b>" not in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page


def test_amounts_days_and_flags_are_written_for_people(alices: Client, publish_rows: Publish) -> None:
    publish_rows([book_row(ALICE, 1, net_premium="1186.03", coverage_start="2026-01-31", conditional_flag="Y")])
    page = text_of(alices.get(BOOK))
    assert ">1,186.03<" in page
    assert ">01/31/2026<" in page
    assert 'data-label="Conditionally Eligible">Yes<' in page


def test_a_search_finds_without_case_and_accents_and_its_words_stand_in_no_address(
    alices: Client, published: None
) -> None:
    address = search(alices, "NUNEZ")
    assert "view=" in address
    assert "nunez" not in address.lower()
    assert names(alices, address) == ["Nuñez-Ortega"]
    assert 'value="NUNEZ"' in text_of(alices.get(address))


def test_a_search_of_another_session_is_worth_nothing(alices: Client, bobs: Client, published: None) -> None:
    address = search(alices, "Quux")
    answer = bobs.get(address)
    assert answer.headers["Location"] == BOOK
    assert "belongs to another session" in text_of(bobs.get(BOOK))


@pytest.mark.parametrize("view", ["x", "%00", "A" * 5000, "é"])
def test_a_made_up_view_is_refused_quietly(alices: Client, published: None, view: str) -> None:
    assert alices.get(BOOK, {"view": view}).status_code == 302


def test_filters_narrow_and_can_be_taken_away(alices: Client, published: None) -> None:
    address = f"{BOOK}?enrollment_status=Pending"
    assert names(alices, address) == ["Abbott"]
    page = text_of(alices.get(address))
    assert "<strong>1</strong> of 3 rows fits your search and filters." in page
    assert f'<a href="{BOOK}">Show all</a>' in page
    assert len(names(alices, f"{address}&enrollment_status=Enrolled")) == 3


def test_search_and_filters_add_up_and_survive_each_other(alices: Client, published: None) -> None:
    address = search(alices, "o", enrollment_status="Enrolled", sort="-last_name")
    assert "enrollment_status=Enrolled" in address
    assert names(alices, address) == ["Nuñez-Ortega", "&lt;b&gt;Bold&lt;/b&gt;"]
    page = text_of(alices.get(address))
    assert re.search(r'<input type="hidden" name="view" value="[^"]+">', page)


def test_a_personal_column_is_no_filter(alices: Client, published: None) -> None:
    assert len(names(alices, f"{BOOK}?last_name=Abbott")) == 3
    assert 'name="last_name"' not in text_of(alices.get(f"{BOOK}?last_name=Abbott"))


def test_headers_sort_both_ways_and_say_so(alices: Client, published: None) -> None:
    rising = alices.get(f"{BOOK}?sort=first_name")
    assert 'aria-sort="ascending"' in text_of(rising)
    assert "sort=-first_name" in text_of(rising)
    assert names(alices, f"{BOOK}?sort=-last_name") == list(reversed(names(alices, f"{BOOK}?sort=last_name")))


@pytest.mark.parametrize(
    "odd", ["sort=nothing", "page=99", "page=-1", "page=x", "sort=--", "columns=z", "week=", "unknown=1"]
)
def test_odd_parts_of_an_address_change_nothing(alices: Client, published: None, odd: str) -> None:
    assert len(names(alices, f"{BOOK}?{odd}")) == 3


@pytest.mark.parametrize("address", [f"{BOOK}?week=2026-13-01", f"{BOOK}?week=2020-01-06", "/reports/nothing/"])
def test_what_does_not_exist_is_not_found(alices: Client, published: None, address: str) -> None:
    assert alices.get(address).status_code == 404


def test_fifty_rows_a_page_and_links_that_keep_the_view(alices: Client, alice: Account, publish_rows: Publish) -> None:
    publish_rows(book_row(ALICE, number, enrollment_status="Enrolled") for number in range(120))
    first = text_of(alices.get(f"{BOOK}?enrollment_status=Enrolled"))
    assert first.count('<tr role="row">') == 51
    assert "Page 1 of 3" in first
    assert "enrollment_status=Enrolled&amp;page=2" in first
    last = text_of(alices.get(f"{BOOK}?enrollment_status=Enrolled&page=3"))
    assert last.count('<tr role="row">') == 21
    assert "rows 101–120 of 120" in last


def test_every_column_can_be_shown(alices: Client, published: None) -> None:
    usual, every = text_of(alices.get(BOOK)), text_of(alices.get(f"{BOOK}?columns=all"))
    shown = [column for column in current().reports["book-of-business"].layout.columns if column.shown]
    assert usual.count('role="columnheader"') == len(shown)
    assert every.count('role="columnheader"') == len(current().reports["book-of-business"].layout.columns)
    assert "Show the usual columns" in every


def test_past_weeks_stay_open_and_are_marked(alices: Client, alice: Account, publish_rows: Publish) -> None:
    publish_rows([book_row(ALICE, 1, last_name="Before")], as_of=LAST_MONDAY)
    publish_rows([book_row(ALICE, 1, last_name="Now")])
    assert names(alices) == ["Now"]
    page = text_of(alices.get(f"{BOOK}?week={LAST_MONDAY}"))
    assert ">Before<" in page
    assert "This is a past week." in page


def test_the_page_and_home_say_when_this_monday_s_report_is_late(
    alices: Client, alice: Account, publish_rows: Publish, clock: time_machine.Traveller
) -> None:
    publish_rows([book_row(ALICE, 1)], as_of=LAST_MONDAY)
    assert "is late" not in text_of(alices.get(BOOK))  # Monday 09:00: there is time until noon
    clock.shift(timedelta(hours=3))
    alices = signed_in(alice)
    assert "The report of Monday, November 16, 2026 is late." in text_of(alices.get(BOOK))
    assert "is late" in text_of(alices.get(current().portal_path))


def test_the_other_report_has_a_page_of_its_own(alices: Client, alice: Account, publish_rows: Publish) -> None:
    publish_rows([conditional_row(ALICE, 4, last_name="Open")], kind="conditional-eligibility")
    assert ">Open<" in text_of(alices.get("/reports/conditional-eligibility/"))


def test_a_search_needs_our_own_form(alice: Account, published: None) -> None:
    client = signed_in(alice)
    client.handler.enforce_csrf_checks = True
    assert client.post(BOOK, {"search": "x"}).status_code == 403


# Managers of agencies


@pytest.fixture
def agency(alice: Account, bob: Account, charlie: Account, now: datetime) -> Agency:
    """Alice manages the agency in which Bob is; Charlie is elsewhere."""
    agency = Agency.objects.create(license="0K54321", name="Example Insurance")
    before = now - timedelta(days=30)
    for account, role in ((alice, AgencyRole.AGENCY_MANAGER), (bob, AgencyRole.AGENT)):
        AgencyMembership.objects.create(agent=agent_of(account), agency=agency, role=role, from_at=before)
    return agency


def test_a_manager_opens_the_book_of_an_agent_of_the_agency(
    agency: Agency, alices: Client, alice: Account, published: None
) -> None:
    assert f"?agent={BOB}" in text_of(alices.get(current().portal_path))
    page = text_of(alices.get(f"{BOOK}?agent={BOB}"))
    assert "Quux" in page
    assert "Abbott" not in page
    assert "Book of Business of Bob Example" in page
    assert events("book:view:done", BOB)[0].actor == alice.username


def test_filters_sort_and_downloads_of_a_manager_keep_whose_book_it_is(
    agency: Agency, alices: Client, published: None
) -> None:
    page = text_of(alices.get(f"{BOOK}?agent={BOB}"))
    assert f"download/?agent={BOB}&amp;format=xlsx" in page
    assert f'<input type="hidden" name="agent" value="{BOB}">' in page
    assert search(alices, "Quux", agent=BOB).startswith(f"{BOOK}?agent={BOB}")


@pytest.mark.parametrize("license", [CHARLIE, "9Z99999", "x", "1H10001'--"])
def test_a_manager_gets_nothing_of_others_and_it_is_recorded(
    agency: Agency, alices: Client, published: None, license: str
) -> None:
    assert alices.get(BOOK, {"agent": license}).status_code == 404
    assert len(events("book:view:refused")) == 1


def test_the_agent_gets_nothing_of_the_manager(agency: Agency, bobs: Client, published: None) -> None:
    assert bobs.get(f"{BOOK}?agent={ALICE}").status_code == 404
    assert bobs.get(f"{BOOK}download/?agent={ALICE}").status_code == 404
    assert not Event.objects.filter(action="book:view:done").exists()


def test_who_left_the_agency_is_out_of_sight_at_once(
    agency: Agency, alices: Client, bob: Account, published: None, now: datetime
) -> None:
    AgencyMembership.objects.filter(agent=agent_of(bob)).update(until_at=now)
    assert alices.get(f"{BOOK}?agent={BOB}").status_code == 404


def test_weeks_before_somebody_joined_are_not_the_manager_s(
    alices: Client, alice: Account, bob: Account, publish_rows: Publish, now: datetime
) -> None:
    agency = Agency.objects.create(license="0K54321", name="Example Insurance")
    week = timedelta(days=7)
    manager, member = AgencyRole.AGENCY_MANAGER, AgencyRole.AGENT
    AgencyMembership.objects.create(agent=agent_of(alice), agency=agency, role=manager, from_at=now - 3 * week)
    AgencyMembership.objects.create(agent=agent_of(bob), agency=agency, role=member, from_at=now - week / 2)
    publish_rows(BOBS, as_of=LAST_MONDAY, at=now - week)
    publish_rows(BOBS)
    assert alices.get(f"{BOOK}?agent={BOB}").status_code == 200
    assert alices.get(f"{BOOK}?agent={BOB}&week={LAST_MONDAY}").status_code == 404
    assert f'value="{LAST_MONDAY}"' not in text_of(alices.get(f"{BOOK}?agent={BOB}"))


def test_dates_of_the_home_page(alices: Client, published: None) -> None:
    page = text_of(alices.get(current().portal_path))
    assert "Monday, November 16, 2026" in page
    assert "3 cases, 3 rows" in page
    assert date(2026, 11, 16).isoformat() not in page
    assert len(ALICES) == 3
