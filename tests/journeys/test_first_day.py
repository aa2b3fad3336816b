"""J1 - J3, J14, J25, J28: an agent's first day, from the mailed password to the own clients in Excel."""

import pytest
from django.test import Client

from extranet.profile.exchange import Profile
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN, password_of
from tests.journeys.exchange import ALICE, CHARLIE, Exchange, username
from tests.journeys.workbook import sheet

BEGINS = "published"
BOOK = "/reports/book-of-business/"


def test_from_the_mailed_password_to_the_own_book(exchange: Exchange, profile: Profile) -> None:
    browser, mailed = Browser(), password_of(exchange, ALICE["email"])
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


@pytest.mark.parametrize("domain", ["{domain}\\", "{domain}/", ""], ids=["domain", "slash", "none"])
@pytest.mark.parametrize("form", ["{name}", "{license}"], ids=["prefix", "license"])
def test_every_way_to_write_the_user_name_works(exchange: Exchange, profile: Profile, domain: str, form: str) -> None:
    license = ALICE["license"].lower()
    name = form.format(name=f"{profile.username_prefix.lower()}{license}", license=license)
    typed = f" {domain.format(domain=profile.account_domain.upper())}{name} "
    assert Browser().log_in(typed, password_of(exchange, ALICE["email"])).path == "/account/password/"


def test_the_mailed_password_may_be_typed_or_pasted_with_blanks(exchange: Exchange) -> None:
    browser = Browser().log_in(username(ALICE), f"  {password_of(exchange, ALICE['email'])} ")
    assert browser.path == "/account/password/"


def test_the_agent_is_told_when_the_book_is_ready(exchange: Exchange, profile: Profile) -> None:
    ready = exchange.newest(ALICE["email"])
    assert profile.reports["book-of-business"].title in ready.words
    assert [mail for mail in exchange.mails(CHARLIE["email"]) if "eport" in mail.subject.split("–")[0]] == []
    assert len(exchange.mails(CHARLIE["email"])) == 3  # no case, no mail


def test_without_a_login_no_page_shows_anything(exchange: Exchange, profile: Profile) -> None:
    stranger = Client(SERVER_NAME="portal.test")
    for path in (profile.portal_path, BOOK, f"{BOOK}download/", "/account/", "/agreement/", "/account/password/"):
        assert stranger.get(path).headers["Location"].startswith("/login/")
