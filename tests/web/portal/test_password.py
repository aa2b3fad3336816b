"""The own password: forced where it was generated, changed in time, refused in words beside its field (J26)."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from extranet.credentials.issue import issue_password
from extranet.credentials.models import Account
from extranet.profile.loader import current
from tests.credentials.people import CHOSEN, DESK, NEW, fresh, mails
from tests.web.people import Answer, browser, log_in, signed_in, text_of

PAGE = "/account/password/"
BOOK = "/reports/book-of-business/"


def change(client: Client, old: str = CHOSEN, new: str = NEW, again: str | None = None) -> Answer:
    return client.post(PAGE, {"old": old, "new": new, "again": new if again is None else again})


@pytest.fixture
def generated(alice: Account, now: datetime) -> str:
    """Alice's password is one that was made for her."""
    return issue_password(account=alice, now=now, by=DESK)


def test_a_generated_password_opens_nothing_but_its_change(alice: Account, generated: str) -> None:
    client = browser()
    log_in(client, alice, generated)
    for page in (
        current().portal_path,
        "/reports/book-of-business/",
        "/account/",
        "/reports/book-of-business/download/",
    ):
        assert client.get(page).headers["Location"] == PAGE
    page = text_of(client.get(PAGE))
    assert "Choose one that only you know" in page
    assert "<nav" not in page.replace('<nav class="usa-breadcrumb', "")
    changed = change(client, generated)
    assert changed.headers["Location"] == current().portal_path
    assert client.get(current().portal_path).headers["Location"] == "/agreement/"


def test_the_new_password_works_and_the_old_one_does_not(alices: Client, alice: Account) -> None:
    change(alices)
    assert log_in(browser(), alice).status_code == 200
    assert log_in(browser(), alice, NEW).status_code == 302


def test_the_session_of_the_change_goes_on_and_its_day_is_said(alices: Client) -> None:
    change(alices)
    page = alices.get(current().portal_path)
    assert page.status_code == 200
    assert "It is valid through Friday, January 15, 2027." in text_of(page)


def test_the_owner_is_told_by_mail(alices: Client, alice: Account) -> None:
    change(alices)
    assert [mail.kind for mail in mails(alice.username)] == ["password_changed"]


@pytest.mark.parametrize(("new", "words"), [
    ("short", "too short"), ("password1234", "easy to guess"), (CHOSEN, "your present password"),
    ("covered california", "on the list"), ("1H10001 1H10001", "license number"),
])  # fmt: skip
def test_a_weak_password_is_refused_beside_its_field(alices: Client, alice: Account, new: str, words: str) -> None:
    page = text_of(change(alices, new=new))
    assert words in page[page.index('id="id_new-error"') :]
    assert fresh(alice).password_serial == alice.password_serial


def test_two_different_lines_are_refused(alices: Client, alice: Account) -> None:
    assert "not the same as the line above" in text_of(change(alices, again="something else 77"))
    assert fresh(alice).password_serial == alice.password_serial


def test_the_wrong_old_password_is_said_at_its_field_and_counted(alices: Client) -> None:
    page = change(alices, old="not it")
    assert "This is not your present password." in text_of(page)
    tries = [change(alices, old="not it") for _ in range(5)]
    assert tries[-1].status_code == 429
    assert int(tries[-1].headers["Retry-After"]) > 0
    assert "reset link" in text_of(tries[-1])


def test_no_password_stands_in_the_page(alices: Client) -> None:
    page = text_of(change(alices, old="planted-old-1", new="planted-new-2"))
    assert "planted" not in page


def test_the_rule_is_said_before_and_after_a_try(alices: Client) -> None:
    for page in (alices.get(PAGE), change(alices, new="short")):
        assert "At least 12 characters." in text_of(page)


def test_password_managers_find_their_fields(alices: Client) -> None:
    page = text_of(alices.get(PAGE))
    assert 'autocomplete="current-password"' in page
    assert page.count('autocomplete="new-password"') == 2
    assert 'autocomplete="username"' in page


def test_another_agent_s_password_is_untouched(alices: Client, bob: Account) -> None:
    change(alices)
    assert fresh(bob).password_serial == bob.password_serial


def test_on_the_last_day_it_works_and_after_midnight_it_does_not(alice: Account, clock: time_machine.Traveller) -> None:
    """Set on November 16, good through January 15 in Los Angeles: until 08:00 UTC of the 16th."""
    assert alice.expires_on == date(2027, 1, 15)
    clock.move_to(datetime.fromisoformat("2027-01-15T07:59:59+00:00"))
    client = signed_in(alice)
    assert "for" in text_of(client.get(current().portal_path))
    clock.move_to(datetime.fromisoformat("2027-01-16T07:59:00+00:00"))
    assert log_in(client, alice).status_code == 302
    assert "today only" in text_of(client.get(current().portal_path))
    clock.shift(timedelta(minutes=1))
    assert "ended=expired" in client.get("/account/").headers["Location"]


def test_the_home_page_warns_from_the_tenth_day_before(alice: Account, clock: time_machine.Traveller) -> None:
    clock.move_to(datetime.fromisoformat("2027-01-05T15:00:00+00:00"))
    client = signed_in(alice)
    assert "Change it now" not in text_of(client.get(current().portal_path))
    clock.move_to(datetime.fromisoformat("2027-01-05T16:00:00+00:00"))  # 08:00 in Los Angeles
    log_in(client, alice)
    assert "for 10 more days" in text_of(client.get(current().portal_path))


def test_the_session_has_another_id_afterwards_and_the_old_one_is_worth_nothing(alices: Client) -> None:
    before = alices.cookies[settings.SESSION_COOKIE_NAME].value
    change(alices)
    assert alices.get("/account/").status_code == 200
    thief = Client(headers={"user-agent": "Firefox"})
    thief.cookies[settings.SESSION_COOKIE_NAME] = before
    assert thief.get("/account/").headers["Location"].startswith("/login/")
