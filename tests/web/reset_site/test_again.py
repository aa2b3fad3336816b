"""The owner whose mails strangers spent: her own browser has mails of its own, and their links get her one of hers."""

from datetime import datetime

import pytest
from django.test import Client
from pytest_django import Settings

from extranet.credentials.devices import mark_known
from extranet.credentials.models import Account
from tests.credentials.people import events, minutes, try_login
from tests.credentials.reset_walks import ask, link_in, reset_mails
from tests.web.reset_site.browser import Browser

pytestmark = pytest.mark.django_db
THEIRS = "c" * 32


def spend(account: Account, now: datetime) -> str:
    """Strangers ask until no more mails are sent; the link of the last one, as the owner finds it."""
    for number in range(5):
        ask(account.username, now=now, browser_token=THEIRS, network=f"203.0.{number}.0/24")
    assert len(reset_mails(account)) == 3
    return link_in(reset_mails(account)[-1])


def test_a_strangers_link_gets_her_one_of_her_own(browser: Browser, alice: Account, now: datetime) -> None:
    link = spend(alice, now)
    browser.ask(alice.username)
    assert len(reset_mails(alice)) == 3  # nothing came
    browser.open(link)
    assert "Have a link for this browser sent" in browser.words
    before = {link_in(mail) for mail in reset_mails(alice)}
    browser.open(f"{link}again/").send(username="4000001")
    assert "reset-code" in browser.page.by_id
    (own,) = {link_in(mail) for mail in reset_mails(alice)} - before
    password = browser.open(own).send().page.by_id["new-password"]
    assert try_login(alice, password, now=now).must_change


def test_what_presses_buttons_without_typing_causes_no_mail(other: Browser, alice: Account, now: datetime) -> None:
    link = spend(alice, now)
    for _ in range(5):
        other.open(f"{link}again/").send()
        other.client.head(f"{link}again/")
        assert 'role="alert"' in other.text
    assert other.send(username="4000002").status == 200
    assert len(reset_mails(alice)) == 3


def test_the_page_of_a_link_that_is_over_is_over_too(other: Browser, alice: Account, now: datetime) -> None:
    assert other.open(f"/link/{'a' * 32}/again/").status == 410
    assert not events("account:reset:asked")


def test_its_form_is_refused_from_another_site(other: Browser, alice: Account, now: datetime) -> None:
    link = spend(alice, now)
    other.open(f"{link}again/")
    assert (
        other.client.post(f"{link.removeprefix('http://reset.test')}again/", {"username": "4000001"}).status_code == 403
    )


@pytest.mark.urls("tests.web.reset_site.portal_urls")
def test_the_portal_tells_the_reset_site_that_it_knows_her_browser(
    browser: Browser, alice: Account, now: datetime, clock: object
) -> None:
    spend(alice, now)
    portal = Client(headers={"host": "portal.test"})
    portal.cookies["device"] = mark_known(account=alice, browser="Firefox", now=now)
    onward = portal.get("/reset/")["Location"]
    assert onward.startswith("http://reset.test/?known=")
    assert portal.cookies["device"].value not in onward
    address = onward.removeprefix("http://reset.test")
    for _ in range(4):
        ask_there(alice, address)
    assert len(reset_mails(alice)) == 6


def ask_there(account: Account, address: str) -> None:
    """In a browser on the reset host."""
    with_urls = Browser(Client(enforce_csrf_checks=True, headers={"host": "reset.test"}))
    with_urls.open(address).send(username=account.username).send()


@pytest.mark.urls("tests.web.reset_site.portal_urls")
@pytest.mark.parametrize("note", ["", "AAAA", "%C3%A4", "x" * 5000, "eyJhIjoxfQ=="])
def test_a_note_that_the_portal_did_not_write_is_worth_nothing(
    note: str, alice: Account, now: datetime, clock: object
) -> None:
    spend(alice, now)
    ask_there(alice, f"/?known={note}")
    assert len(reset_mails(alice)) == 3


@pytest.mark.urls("tests.web.reset_site.portal_urls")
def test_a_note_for_bobs_browser_and_an_old_one_are_worth_nothing_for_alice(
    alice: Account, bob: Account, now: datetime, clock: object
) -> None:
    spend(alice, now)
    for owner, at in ((bob, now), (alice, now + minutes(31))):
        portal = Client(headers={"host": "portal.test"})
        portal.cookies["device"] = mark_known(account=owner, browser="Firefox", now=now)
        address = portal.get("/reset/")["Location"].removeprefix("http://reset.test")
        clock.move_to(at, tick=False)  # type: ignore[attr-defined]
        ask_there(alice, address)
    assert len(reset_mails(alice)) == 3


@pytest.mark.urls("tests.web.reset_site.portal_urls")
def test_where_the_hosts_are_one_the_cookie_says_it(
    alice: Account, now: datetime, clock: object, settings: Settings
) -> None:
    spend(alice, now)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"reset_url": ""})
    browser = Browser(Client(headers={"host": "portal.test"}))
    browser.client.cookies["device"] = mark_known(account=alice, browser="Firefox", now=now)
    browser.open("/reset/").send(username=alice.username).send()
    assert len(reset_mails(alice)) == 4
