"""J16 - J24: the password is forgotten; and whoever has not the mailbox gets nowhere."""

import re
from urllib.parse import urlsplit

import pytest

from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN
from tests.journeys.exchange import ALICE, BOB, GENERATED, Exchange, reset_site, username

BEGINS = "alice is in"
LINK = "http://reset.test/link/"


def ask(browser: Browser, name: str) -> Browser:
    """The screens of the reset site up to the confirmation, with the words of the profile."""
    words = current().words
    browser.open(f"{reset_site()}/").fill(words["user_name"], name).press(words["reset_password"])
    return browser.press(words["next"])


def shown_password(browser: Browser) -> str:
    return browser.page.by_id["new-password"]


def test_the_way_back_in(alices: Browser, exchange: Exchange, profile: Profile) -> None:
    words = profile.words
    browser = Browser().open("http://portal.test/login/")
    assert words["forgot_password"] in browser.words

    browser.open(f"{reset_site()}/").fill(words["user_name"], username(ALICE)).press(words["reset_password"])
    assert words["reset_my_password"] in browser.words  # J18
    assert words["how_to_reset"] in browser.words
    assert words["via_email"] in browser.words
    assert re.search(r"\ba\W{2,}@e\W{2,}", browser.words)  # masked: user names are public
    assert ALICE["email"] not in browser.html

    browser.press(words["next"])  # J20
    assert words["link_sent"] in browser.words  # J21
    exchange.post()
    mail = exchange.mail_with(ALICE["email"], LINK)
    assert mail.sender == profile.system_sender.email  # J22
    assert profile.reset_site_name in mail.subject

    browser.open(mail.link(LINK))
    assert "new-password" not in browser.page.by_id
    browser.press(words["reset_password"])
    password = shown_password(browser)
    assert GENERATED.fullmatch(password)  # J24
    assert words["write_it_down"] in browser.words
    assert shown_password(browser.open(browser.url)) == password  # the same browser, some minutes long

    browser.press(words["log_in"])  # carries on to the portal
    assert urlsplit(browser.url).netloc == "portal.test"
    assert browser.log_in(username(ALICE), password).path == "/account/password/"
    assert "login" in alices.open("/account/").path  # her other session is over


def test_the_owner_hears_of_the_reset(exchange: Exchange) -> None:
    before = len(exchange.mails(ALICE["email"]))
    browser = ask(Browser(), username(ALICE))
    browser.open(exchange.post().link(ALICE["email"], LINK)).press(current().words["reset_password"])
    assert LINK not in exchange.post().newest(ALICE["email"]).text
    assert len(exchange.mails(ALICE["email"])) == before + 2  # the link, the notice


def test_the_link_is_good_for_one_click_and_scanners_do_not_spend_it(exchange: Exchange) -> None:
    browser, scanner = ask(Browser(), username(ALICE)), Browser(address="192.0.2.77", agent="scanner")
    link = exchange.post().link(ALICE["email"], LINK)
    for _ in range(5):
        scanner.open(link)
    browser.open(link).press(current().words["reset_password"])
    assert "new-password" in browser.page.by_id
    assert browser.open(link).status == 410
    assert Browser().open(link).status == 410


def test_asking_alone_changes_nothing(exchange: Exchange, alices: Browser) -> None:
    ask(Browser(address="203.0.113.9"), username(ALICE))
    alices.press(current().words["log_out"])
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == current().portal_path


@pytest.mark.parametrize("name", ["9Z99999", BOB["license"]], ids=["nobody", "somebody"])
def test_an_unknown_name_walks_the_same_screens(exchange: Exchange, name: str) -> None:
    before = len(exchange.mails("@"))
    browser = ask(Browser(), name)
    assert current().words["link_sent"] in browser.words
    exchange.post()
    assert len(exchange.mails("@")) - before == (1 if name == BOB["license"] else 0)


def test_a_thief_of_the_link_without_browser_and_code_gets_no_password(exchange: Exchange) -> None:
    ask(Browser(), username(ALICE))
    thief = Browser(address="203.0.113.9", agent="Opera").open(exchange.post().link(ALICE["email"], LINK))
    code = next(label for label in thief.page.labels if "code" in label.lower())
    thief.fill(code, "AAAAAA").press(current().words["reset_password"])
    assert "new-password" not in thief.page.by_id


def test_on_the_phone_the_code_of_the_screen_opens_the_link(exchange: Exchange) -> None:
    code = ask(Browser(), username(ALICE)).page.by_id["reset-code"]
    mail = exchange.post().newest(ALICE["email"])
    assert code not in mail.text
    phone = Browser(agent="Safari (iPhone)").open(mail.link(LINK))
    label = next(label for label in phone.page.labels if "code" in label.lower())
    phone.fill(label, code).press(current().words["reset_password"])
    assert "new-password" in phone.page.by_id


def test_the_shown_password_is_for_that_browser_and_for_minutes(exchange: Exchange) -> None:
    browser = ask(Browser(), username(ALICE))
    browser.open(exchange.post().link(ALICE["email"], LINK)).press(current().words["reset_password"])
    assert Browser(address="203.0.113.9").open(browser.url).status == 410
    exchange.later(minutes=10)
    assert browser.open(browser.url).status == 410


def test_whom_to_call_without_a_user_name_stands_there(exchange: Exchange, profile: Profile) -> None:
    browser = Browser().open(f"{reset_site()}/")
    assert profile.words["no_user_name"] in browser.words  # J17
    browser.fill(profile.words["user_name"], username(ALICE)).press(profile.words["reset_password"])
    assert profile.words["wrong_email"] in browser.words  # J19
