"""J2, J28: the own clients and nobody else's; the manager of an agency sees its agents'."""

from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN
from tests.journeys.exchange import ALICE, BOB, CHARLIE, Exchange, username
from tests.journeys.workbook import sheet
from tests.reports.exchange import CONDITIONAL, conditional_row

BEGINS = "alice is in"
BOOK = "/reports/book-of-business/"


def test_the_neighbour_sees_his_own_only_and_the_stranger_nothing(bobs: Browser, charlies: Browser) -> None:
    assert "Quux" in bobs.open(BOOK).words
    assert "Abbott" not in bobs.words
    charlies.open(BOOK)
    assert charlies.status == 200
    assert not {"Abbott", "Zamora", "Quux"} & set(charlies.words.split())
    assert sheet(charlies.open(f"{BOOK}download/?format=xlsx")) == []


def test_charlie_cannot_ask_for_another_s_license(charlies: Browser) -> None:
    for license in (ALICE["license"], BOB["license"]):
        assert charlies.open(f"{BOOK}?agent={license}").status == 404
        assert charlies.open(f"{BOOK}download/?agent={license}").status == 404


def test_the_manager_of_the_agency_sees_its_agents_book(alices: Browser) -> None:
    """Alice manages the agency in which Bob works; Charlie is an agency of one."""
    assert "Quux" in alices.open(f"{BOOK}?agent={BOB['license']}").words
    assert alices.open(f"{BOOK}?agent={CHARLIE['license']}").status == 404


def test_the_agreement_is_asked_once_only(alices: Browser, exchange: Exchange) -> None:
    alices.press(current().words["log_out"])
    exchange.later(hours=1)
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == current().portal_path


def test_both_reports_stand_on_the_home_page(exchange: Exchange, alices: Browser, profile: Profile) -> None:
    rows = [conditional_row(ALICE["license"], 1, last_name="Abbott")]
    exchange.later(minutes=5).publish(rows, kind=CONDITIONAL)
    alices.open(profile.portal_path)
    for kind in profile.reports.values():
        assert kind.title in alices.words
    assert "Abbott" in alices.open(f"/reports/{CONDITIONAL}/").words
