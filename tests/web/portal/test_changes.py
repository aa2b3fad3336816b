"""What changed, on the page: counts, words, before and after, weeks to choose; and the neighbour who gets nothing."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from extranet.agents.models import Agency, AgencyMembership, AgencyRole, Agent
from extranet.audit.models import Event
from extranet.credentials.models import Account
from extranet.profile.loader import current
from extranet.reports.models import Publication
from extranet.web.portal import changes_page
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, CHARLIE, CONDITIONAL, LAST_MONDAY, MONDAY, book_row, conditional_row
from tests.reports.weeks import forget_comparison
from tests.web.people import text_of
from tests.web.portal.conftest import Publish, agent_of

CHANGES = "/reports/book-of-business/changes/"
BEFORE = [
    book_row(ALICE, 1, first_name="Ana", last_name="<i>Diaz", enrollment_status="Enrolled", net_premium="1186.03"),
    book_row(ALICE, 2, last_name="Quiet"),
    book_row(ALICE, 3, last_name="Leaver"),
    book_row(BOB, 9, last_name="Quux"),
]
AFTER = [
    BEFORE[0] | {"enrollment_status": "Terminated", "net_premium": "1000.00", "coverage_end": "2026-10-31"},
    BEFORE[1],
    book_row(ALICE, 4, last_name="Comer", issuer_name="Example Health"),
    book_row(BOB, 3, last_name="Leaver"),
]


def plain(client: Client, address: str = CHANGES) -> str:
    """The words of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text_of(client.get(address))))


@pytest.fixture
def two_weeks(alice: Account, bob: Account, charlie: Account, publish_rows: Publish, now: datetime) -> None:
    publish_rows(BEFORE, as_of=LAST_MONDAY, at=now - timedelta(days=7))
    publish_rows(AFTER)


def test_alice_sees_what_changed_in_words_with_before_and_after(alices: Client, two_weeks: None) -> None:
    page = plain(alices)
    assert "Monday, November 16, 2026 compared with November 9, 2026" in page
    for count in ("1 new case", "1 gone case", "1 changed case"):
        assert count in page
    for words in ("Coverage terminated", "Net Premium changed by −186.03", "Newly delegated to you"):
        assert words in page
    assert "from 1,186.03 → to 1,000.00" in page
    assert "from blank → to 10/31/2026" in page
    assert "Delegation ended" in page
    assert "Quux" not in page
    assert "Quiet" not in page


def test_what_is_important_stands_first(alices: Client, two_weeks: None) -> None:
    page = plain(alices)
    cases = re.findall(r"Case (\d+)", page)
    assert [case[-1] for case in cases] == ["1", "4", "3"]
    assert page.index("Terminated (1)") < page.index("New to you (1)") < page.index("Premium changed (1)")


def test_a_gone_case_is_a_number_and_no_more(alices: Client, two_weeks: None) -> None:
    page = plain(alices)
    assert f"Case {BEFORE[2]['case_number']} Gone" in page
    assert "Leaver" not in page


def test_who_won_a_case_sees_it_as_new_with_its_people(bobs: Client, two_weeks: None) -> None:
    page = plain(bobs)
    assert f"Case {BEFORE[2]['case_number']} New Newly delegated to you" in page
    assert "Leaver" in page
    assert "Diaz" not in page


def test_charlie_sees_that_nothing_changed(charlies: Client, charlie: Account, two_weeks: None) -> None:
    Agent.objects.filter(id=agent_of(charlie).id).update(certified_on=LAST_MONDAY)
    page = plain(charlies)
    assert "Nothing changed between these two weeks." in page
    assert "Case 5" not in page


def test_names_are_escaped(alices: Client, two_weeks: None) -> None:
    page = text_of(alices.get(CHANGES))
    assert "<i>Diaz" not in page
    assert "&lt;i&gt;Diaz" in page


def test_every_look_is_in_the_trail(alices: Client, alice: Account, two_weeks: None) -> None:
    alices.get(CHANGES)
    assert [look.actor for look in events("changes:view:done", ALICE)] == [alice.username]


def test_a_count_leads_to_the_cases_of_its_kind(alices: Client, two_weeks: None) -> None:
    address = f"{CHANGES}?only=terminated"
    assert f'href="{address}"' in text_of(alices.get(CHANGES))
    page = plain(alices, address)
    assert "1 case of this kind" in page
    assert [case[-1] for case in re.findall(r"Case (\d+)", page)] == ["1"]
    assert "Nothing of this kind changed." in plain(alices, f"{CHANGES}?only=moved")
    assert len(re.findall(r"Case (\d+)", plain(alices, f"{CHANGES}?only=%3Cb%3E"))) == 3


def test_any_two_weeks_can_be_chosen_in_any_order(alices: Client, two_weeks: None, publish_rows: Publish) -> None:
    earlier = LAST_MONDAY - timedelta(days=7)
    publish_rows(BEFORE[:3], as_of=earlier)
    page = text_of(alices.get(CHANGES))
    assert page.count(f'<option value="{earlier}"') == 2
    for query in (f"week={MONDAY}&against={earlier}", f"week={earlier}&against={MONDAY}"):
        assert "Monday, November 16, 2026 compared with November 2, 2026" in plain(alices, f"{CHANGES}?{query}")
    assert "Nothing changed" in plain(alices, f"{CHANGES}?week={LAST_MONDAY}")
    assert "There is no earlier week" in plain(alices, f"{CHANGES}?week={earlier}")
    assert "There is no earlier week" in plain(alices, f"{CHANGES}?week={earlier}&against={earlier}")


@pytest.mark.parametrize("query", ["week=2020-01-06", "against=2020-01-06", "week=x", "against=x", "agent=x"])
def test_weeks_and_agents_that_are_not_there_are_not_found(alices: Client, two_weeks: None, query: str) -> None:
    assert alices.get(f"{CHANGES}?{query}").status_code == 404


def test_an_unknown_report_is_not_found(alices: Client, two_weeks: None) -> None:
    assert alices.get("/reports/nothing/changes/").status_code == 404


def test_before_the_first_publication_and_after_it_the_page_says_so(alices: Client, publish_rows: Publish) -> None:
    assert "Nothing has been published yet" in plain(alices)
    publish_rows(AFTER)
    assert "There is one week only" in plain(alices)
    assert not events("book:view:refused")
    assert not events("changes:view:done")


def test_a_long_list_comes_in_pages(alices: Client, two_weeks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_page, "PAGE_SIZE", 2)
    assert len(re.findall(r"Case (\d+)", plain(alices))) == 2
    assert f"{CHANGES}?page=2" in text_of(alices.get(CHANGES))
    assert [case[-1] for case in re.findall(r"Case (\d+)", plain(alices, f"{CHANGES}?page=2"))] == ["3"]
    assert [case[-1] for case in re.findall(r"Case (\d+)", plain(alices, f"{CHANGES}?page=99"))] == ["3"]


def test_the_conditional_report_tells_what_is_newly_needed(
    alices: Client, publish_rows: Publish, now: datetime
) -> None:
    owed = conditional_row(ALICE, 1, verification_type="Income", status="Pending", due_date="2026-12-01")
    others = [conditional_row(ALICE, number) for number in range(10, 15)]
    publish_rows([owed, *others], kind=CONDITIONAL, as_of=LAST_MONDAY, at=now - timedelta(days=7))
    publish_rows(
        [owed | {"due_date": "2026-12-31"}, owed | {"verification_type": "Residency"}, *others], kind=CONDITIONAL
    )
    page = plain(alices, f"/reports/{CONDITIONAL}/changes/")
    assert "Due date moved by +30 days, to 12/31/2026" in page
    assert "Documents newly needed" in page


# Links to it


def test_home_counts_what_changed_without_opening_anything(
    alices: Client, alice: Account, two_weeks: None, now: datetime
) -> None:
    home = current().portal_path
    page = plain(alices, home)
    assert "Since November 9: 1 new, 1 gone, 1 changed case." in page
    assert "Terminated (1)" in page
    assert not Event.objects.filter(action__startswith="changes:").exists()
    assert "Delegation ended" in plain(alices)  # what was sealed, which knows where the case went
    forget_comparison(Publication.objects.get(as_of=MONDAY))
    assert "No longer in your report" in plain(alices)  # compared while one waits
    assert "Since November 9" not in plain(alices, home)
    assert f'href="{CHANGES}"' in text_of(alices.get(home))


def test_the_book_leads_to_the_changes_of_its_week(alices: Client, two_weeks: None) -> None:
    assert f'href="{CHANGES}"' in text_of(alices.get("/reports/book-of-business/?enrollment_status=Enrolled"))
    page = text_of(alices.get(f"/reports/book-of-business/?week={LAST_MONDAY}"))
    assert f'href="{CHANGES}?week={LAST_MONDAY}"' in page


# Neighbours and managers


def test_a_stranger_is_led_to_the_login(client: Client, two_weeks: None) -> None:
    answer = client.get(CHANGES)
    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]


def test_an_agent_gets_nothing_of_the_neighbour(bobs: Client, two_weeks: None) -> None:
    assert bobs.get(f"{CHANGES}?agent={ALICE}").status_code == 404
    assert events("book:view:refused", ALICE)
    assert not events("changes:view:done")


@pytest.fixture
def agency(alice: Account, bob: Account, charlie: Account, now: datetime) -> AgencyMembership:
    """Alice manages the agency in which Bob is; Charlie is elsewhere. What comes back is Bob's membership."""
    agency = Agency.objects.create(license="0K54321", name="Example Insurance")
    since = now - timedelta(days=30)
    AgencyMembership.objects.create(agent=agent_of(alice), agency=agency, role=AgencyRole.AGENCY_MANAGER, from_at=since)
    return AgencyMembership.objects.create(agent=agent_of(bob), agency=agency, role=AgencyRole.AGENT, from_at=since)


def test_a_manager_sees_the_changes_of_an_agent_of_the_agency(
    agency: AgencyMembership, alices: Client, alice: Account, two_weeks: None
) -> None:
    page = text_of(alices.get(f"{CHANGES}?agent={BOB}"))
    assert "What changed in Book of Business of Bob Example" in page
    assert "Leaver" in page
    assert "Diaz" not in page
    assert f'<input type="hidden" name="agent" value="{BOB}">' in page
    assert events("changes:view:done", BOB)[0].actor == alice.username
    assert f"{CHANGES}?agent={BOB}" in text_of(alices.get(f"/reports/book-of-business/?agent={BOB}"))


@pytest.mark.parametrize("license", [CHARLIE, "9Z99999", "x"])
def test_a_manager_gets_nothing_of_others_and_it_is_recorded(
    agency: AgencyMembership, alices: Client, two_weeks: None, license: str
) -> None:
    assert alices.get(CHANGES, {"agent": license}).status_code == 404
    assert len(events("book:view:refused")) == 1


def test_a_week_before_somebody_joined_is_not_the_manager_s_to_compare(
    agency: AgencyMembership, alices: Client, two_weeks: None, now: datetime
) -> None:
    AgencyMembership.objects.filter(id=agency.id).update(from_at=now - timedelta(days=1))
    page = plain(alices, f"{CHANGES}?agent={BOB}")
    assert "There is one week only" in page
    assert "Leaver" not in page
    asked = {"agent": BOB, "week": MONDAY.isoformat(), "against": LAST_MONDAY.isoformat()}
    assert alices.get(CHANGES, asked).status_code == 404
    assert not events("changes:view:done")
