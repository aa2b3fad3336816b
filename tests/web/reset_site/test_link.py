"""The linked page and the new password (J22 - J24), in her browser, in another, and in Charlie's."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django.fixtures import Settings

from extranet.credentials import sessions
from extranet.credentials.models import Account, KnownDevice, LiveSession, ResetLink, ShownPassword
from extranet.credentials.session_store import stored_key
from extranet.credentials.username import shown
from extranet.jobs.logs import withhold
from extranet.profile.loader import current
from tests.credentials.people import HOME, NEW, events, fresh, mails, new_account, try_login
from tests.credentials.reset_walks import link_in, reset_mails
from tests.web.reset_site.browser import Browser

pytestmark = pytest.mark.django_db


def link_for(browser: Browser, account: Account) -> str:
    browser.ask(account.username)
    return link_in(max(reset_mails(account), key=lambda mail: mail.posted_at))


def test_in_the_browser_that_asked_one_button_gives_the_password(
    browser: Browser, alice: Account, now: datetime
) -> None:
    link = link_for(browser, alice)
    browser.open(link)
    assert browser.page.buttons[-1] == current().words["reset_password"]
    assert browser.page.forms[-1]["fields"].keys() == {"csrfmiddlewaretoken"}
    browser.send()
    password = browser.page.by_id["new-password"]
    assert current().words["write_it_down"] in browser.words
    assert shown(alice.username) in browser.words
    assert try_login(alice, password, now=now).must_change
    notices = [mail.kind for mail in mails(alice.username)]
    assert "password_was_reset" in notices


def test_scanners_that_look_and_follow_leave_the_link_alive(browser: Browser, other: Browser, alice: Account) -> None:
    link = link_for(browser, alice)
    before = ResetLink.objects.values().get()
    for _ in range(5):
        assert other.open(link).status == 200
        assert other.client.head(other.url.replace("http://reset.test", "")).status_code == 200
        other.client.options(other.url.replace("http://reset.test", ""))
    assert ResetLink.objects.values().get() == before
    assert fresh(alice).password == alice.password
    assert browser.open(link).send().page.by_id["new-password"]


def test_nothing_on_the_linked_page_sends_itself(browser: Browser, alice: Account) -> None:
    text = browser.open(link_for(browser, alice)).text
    assert "<script" not in text
    assert "http-equiv" not in text
    assert "onload" not in text


def test_a_scanner_that_presses_buttons_lacks_the_code(browser: Browser, other: Browser, alice: Account) -> None:
    link = link_for(browser, alice)
    other.open(link).send()
    assert other.status == 200
    assert 'role="alert"' in other.text
    assert fresh(alice).password == alice.password


def test_on_the_phone_the_code_of_the_other_screen_opens_it(browser: Browser, other: Browser, alice: Account) -> None:
    code = browser.ask(alice.username).page.by_id["reset-code"]
    other.open(link_in(reset_mails(alice)[0]))
    assert "code" in other.page.forms[-1]["fields"]
    assert other.send(code=code.lower()).page.by_id["new-password"]


def test_five_wrong_codes_end_the_link_for_other_browsers(browser: Browser, other: Browser, alice: Account) -> None:
    code = browser.ask(alice.username).page.by_id["reset-code"]
    link = link_in(reset_mails(alice)[0])
    for _ in range(5):
        other.open(link).send(code="CCCCCC")
        assert other.status == 200
    assert other.open(link).status == 410
    assert browser.open(link).send().page.by_id["new-password"]
    assert code not in other.text


def test_a_spent_a_wrong_and_an_old_link_say_what_to_do(
    browser: Browser, other: Browser, alice: Account, bob: Account, now: datetime, clock: time_machine.Traveller
) -> None:
    spent, old = link_for(browser, alice), link_for(browser, bob)
    browser.open(spent).send()
    clock.move_to(now + timedelta(minutes=60), tick=False)
    pages = []
    for link in (spent, old, "/link/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/", "/link/x"):
        other.open(link)
        assert other.status == 410
        assert 'role="alert"' in other.text
        assert 'href="/"' in other.text
        pages.append(other.text)
    assert len(set(pages)) == 1


def test_a_second_press_of_the_button_is_refused_and_recorded(browser: Browser, alice: Account) -> None:
    link = link_for(browser, alice)
    browser.open(link)
    button = browser.page.forms[-1]["fields"]
    browser.send()
    password = fresh(alice).password
    assert browser.client.post(link.removeprefix("http://reset.test"), button).status_code == 410
    assert fresh(alice).password == password
    assert events("account:reset:refused", alice.username)[0].detail["reason"] == "claimed"


def test_the_link_without_its_last_stroke_works_too(browser: Browser, alice: Account) -> None:
    link = link_for(browser, alice)
    assert browser.open(link.rstrip("/")).send().page.by_id["new-password"]


def test_a_button_pressed_from_another_site_is_refused(browser: Browser, alice: Account) -> None:
    link = link_for(browser, alice).removeprefix("http://reset.test")
    assert browser.client.post(link, {}).status_code == 403
    assert fresh(alice).password == alice.password


def test_a_token_in_an_address_does_not_reach_the_log(
    browser: Browser, alice: Account, caplog: pytest.LogCaptureFixture
) -> None:
    link = link_for(browser, alice)
    browser.client.post(link.removeprefix("http://reset.test"), {})  # refused, and the framework writes why and where
    token = link.rstrip("/").rpartition("/")[2]
    lines = [record.getMessage() for record in caplog.records if token in record.getMessage()]
    assert lines
    for line in lines:
        cleaned = withhold(None, "warning", {"event": line})["event"]
        assert token not in cleaned
        assert "/link/[withheld]/" in cleaned


# Shown again


def test_a_reload_shows_the_password_again_for_ten_minutes(
    browser: Browser, alice: Account, now: datetime, clock: time_machine.Traveller
) -> None:
    password = browser.open(link_for(browser, alice)).send().page.by_id["new-password"]
    result = browser.url
    assert browser.open(result).page.by_id["new-password"] == password
    clock.move_to(now + timedelta(minutes=10), tick=False)
    browser.open(result)
    assert browser.status == 410
    assert password not in browser.text


def test_charlies_browser_cannot_see_it(browser: Browser, other: Browser, alice: Account, bob: Account) -> None:
    password = browser.open(link_for(browser, alice)).send().page.by_id["new-password"]
    other.open(link_for(other, bob)).send()
    other.open(browser.url)
    assert other.status == 410
    assert password not in other.text


def test_the_first_login_ends_the_showing(browser: Browser, alice: Account, now: datetime) -> None:
    password = browser.open(link_for(browser, alice)).send().page.by_id["new-password"]
    try_login(alice, password, now=now)
    assert browser.open(browser.url).status == 410


def test_the_password_is_in_no_cookie_no_address_and_no_cache(browser: Browser, alice: Account) -> None:
    browser.open(link_for(browser, alice)).send()
    password = browser.page.by_id["new-password"]
    assert browser.response["Cache-Control"] == "no-store"
    assert all(password not in morsel.value for morsel in browser.client.cookies.values())
    assert not any(password in url for url in browser.trail)
    row = ShownPassword.objects.get()
    assert browser.client.cookies["reset-shown"].value.encode() not in bytes(row.sealed)


def test_the_cookies_cannot_be_read_by_scripts(browser: Browser, alice: Account) -> None:
    browser.open(link_for(browser, alice)).send()
    for name in ("reset", "reset-shown"):
        morsel = browser.client.cookies[name]
        assert morsel["httponly"]
        assert (morsel["samesite"], morsel["path"], morsel["domain"]) == ("Lax", "/", "")


def test_other_sessions_of_hers_end_and_bobs_do_not(
    browser: Browser, alice: Account, bob: Account, now: datetime
) -> None:
    for account, key in ((alice, "a" * 32), (bob, "b" * 32)):
        Session.objects.create(session_key=stored_key(key), session_data="", expire_date=now + timedelta(hours=1))
        sessions.begin(account=account, session_key=key, network=HOME, browser="Chrome", now=now)
    browser.open(link_for(browser, alice)).send()
    assert list(LiveSession.objects.filter(ended_at=None).values_list("key_digest", flat=True)) == [
        stored_key("b" * 32)
    ]
    assert list(Session.objects.values_list("session_key", flat=True)) == [stored_key("b" * 32)]


def test_two_accounts_of_one_mailbox_say_which_they_are(browser: Browser, now: datetime, clock: object) -> None:
    first, second = (new_account(f"400005{n}", now=now, email="office@harbor.test") for n in range(2))
    for account in (first, second):
        assert shown(account.username) in browser.open(link_for(browser, account)).words


# The portal's host learns that this browser is known


@pytest.mark.urls("tests.web.reset_site.portal_urls")
def test_the_log_in_button_makes_the_browser_known_at_the_portal(
    browser: Browser, alice: Account, now: datetime
) -> None:
    password = browser.open(link_for(browser, alice)).send().page.by_id["new-password"]
    form = browser.page.forms[-1]
    assert form["action"] == "http://portal.test/reset/arrive/"
    assert form["fields"].keys() == {"device_enrolment"}  # no CSRF token of ours leaves for the other host
    assert '<meta name="referrer" content="strict-origin">' in browser.text
    portal = Client(enforce_csrf_checks=True, headers={"host": "portal.test"})
    response = portal.post("/reset/arrive/", form["fields"], headers={"origin": "http://reset.test"})
    assert (response.status_code, response["Location"]) == (302, "/login/")
    device = portal.cookies["device"].value
    assert device != form["fields"]["device_enrolment"]
    try_login(alice, password, now=now, device=device)
    assert events("account:login:succeeded")[0].detail["known_device"] is True
    again = Client(headers={"host": "portal.test"})
    again.post("/reset/arrive/", form["fields"], headers={"origin": "http://reset.test"})
    assert "device" not in again.cookies


@pytest.mark.urls("tests.web.reset_site.portal_urls")
@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://portal.test", ""])
def test_from_anywhere_else_no_browser_becomes_known(browser: Browser, alice: Account, origin: str) -> None:
    form = browser.open(link_for(browser, alice)).send().page.forms[-1]
    portal = Client(headers={"host": "portal.test"})
    headers = {"origin": origin} if origin else {}
    assert portal.post("/reset/arrive/", form["fields"], headers=headers).status_code == 302
    assert "device" not in portal.cookies
    assert portal.get("/reset/arrive/").status_code == 405
    assert KnownDevice.objects.get().last_used_at == KnownDevice.objects.get().created_at


# Where policy lets people choose


def test_under_that_policy_the_page_asks_for_a_password_twice(
    browser: Browser, alice: Account, now: datetime, settings: Settings
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "nist_63b4"})
    browser.open(link_for(browser, alice))
    for chosen, again in (("short", "short"), (NEW, NEW + "x"), ("", "")):
        browser.send(chosen=chosen, again=again)
        assert browser.status == 200
        assert 'role="alert"' in browser.text
    browser.send(chosen=NEW, again=NEW)
    assert "new-password" not in browser.page.by_id
    assert not try_login(alice, NEW, now=now).must_change
