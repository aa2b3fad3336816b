"""J1 - J3, J14, J25, J28: an agent's first day, from the mailed password to the own clients in Excel."""

import io
from typing import Any

import openpyxl
import pytest
from django.test import Client

from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN, arrive, password_of
from tests.journeys.exchange import ALICE, BOB, CHARLIE, Exchange, username
from tests.reports.exchange import CONDITIONAL, conditional_row

BOOK = "/reports/book-of-business/"


def sheet(browser: Browser) -> list[dict[str, Any]]:
    """The downloaded workbook, opened as a stranger's program would."""
    rows = openpyxl.load_workbook(io.BytesIO(browser.answer.content)).active.iter_rows(values_only=True)  # type: ignore[attr-defined]
    headers = next(rows)
    return [dict(zip(headers, row, strict=True)) for row in rows]


def test_from_the_mailed_password_to_the_own_book(published: Exchange, profile: Profile) -> None:
    browser, mailed = Browser(), password_of(published, ALICE["email"])
    browser.open(f"http://portal.test{profile.portal_path}")
    assert browser.path == "/login/"
    assert profile.notice in browser.words

    browser.log_in(username(ALICE), mailed)
    assert browser.path == "/account/password/"  # temporary: changed before anything else
    browser.open(BOOK)
    assert browser.path == "/account/password/"

    chosen = CHOSEN["Alice"]
    browser.fill("Present password", mailed).fill("New password", chosen).fill("New password, again", chosen)
    browser.press("Change password")
    assert browser.path == "/agreement/"  # J28: before the first look
    browser.open(BOOK)
    assert browser.path == "/agreement/"
    browser.press("I agree")
    assert browser.path == profile.portal_path  # J3

    browser.open(BOOK)
    assert "Abbott" in browser.words
    assert "Zamora" in browser.words
    assert "Quux" not in browser.words  # Bob's
    browser.open(f"{BOOK}download/?format=xlsx")
    assert {row["Last Name"] for row in sheet(browser)} == {"Abbott", "Zamora"}
    assert {row["Agent License"] for row in sheet(browser)} == {ALICE["license"]}


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


@pytest.mark.parametrize("domain", ["{domain}\\", "{domain}/", ""], ids=["domain", "slash", "none"])
@pytest.mark.parametrize("form", ["{name}", "{license}"], ids=["prefix", "license"])
def test_every_way_to_write_the_user_name_works(monday: Exchange, profile: Profile, domain: str, form: str) -> None:
    license = ALICE["license"].lower()
    name = form.format(name=f"{profile.username_prefix.lower()}{license}", license=license)
    typed = f" {domain.format(domain=profile.account_domain.upper())}{name} "
    assert Browser().log_in(typed, password_of(monday, ALICE["email"])).path == "/account/password/"


def test_the_mailed_password_may_be_typed_or_pasted_with_blanks(monday: Exchange) -> None:
    browser = Browser().log_in(username(ALICE), f"  {password_of(monday, ALICE['email'])} ")
    assert browser.path == "/account/password/"


def test_both_reports_stand_on_the_home_page(published: Exchange, profile: Profile) -> None:
    rows = [conditional_row(ALICE["license"], 1, last_name="Abbott")]
    published.later(minutes=30).publish(rows, kind=CONDITIONAL)
    browser = arrive(published, ALICE)
    for kind in profile.reports.values():
        assert kind.title in browser.words
    assert "Abbott" in browser.open(f"/reports/{CONDITIONAL}/").words


def test_the_agent_is_told_when_the_book_is_ready(published: Exchange, profile: Profile) -> None:
    ready = published.newest(ALICE["email"])
    assert profile.reports["book-of-business"].title in ready.words
    assert [mail for mail in published.mails(CHARLIE["email"]) if "eport" in mail.subject.split("–")[0]] == []
    assert len(published.mails(CHARLIE["email"])) == 3  # no case, no mail


def test_the_agreement_is_asked_once_only(alices: Browser, published: Exchange) -> None:
    alices.press(current().words["log_out"])
    published.later(hours=1)
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == current().portal_path


def test_without_a_login_no_page_shows_anything(published: Exchange, profile: Profile) -> None:
    stranger = Client(SERVER_NAME="portal.test")
    for path in (profile.portal_path, BOOK, f"{BOOK}download/", "/account/", "/agreement/", "/account/password/"):
        assert stranger.get(path).headers["Location"].startswith("/login/")
