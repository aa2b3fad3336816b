"""Where one is logged in: Alice sees her sessions and ends them; Charlie sees and ends nothing of hers (AC-10)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from extranet.credentials.models import Account, LiveSession, StaffRole
from extranet.policy import JOBAID
from tests.credentials.people import events
from tests.web.people import browser, log_in, text_of
from tests.web.staff.people import at_work, staff_account

PAGE = "/account/sessions/"


@pytest.fixture(autouse=True)
def three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extranet.policy.POLICIES", {JOBAID.name: replace(JOBAID, sessions_per_account=3)})


def phone(account: Account) -> Client:
    """Another browser in another network."""
    client = browser(address="203.0.113.9")
    client.defaults["HTTP_USER_AGENT"] = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18 Safari/605"
    )
    assert log_in(client, account).status_code == 302
    return client


def ids(account: Account) -> list[str]:
    """Of living sessions, oldest first."""
    return [
        str(pk)
        for pk in LiveSession.objects.filter(account=account, ended_at=None)
        .order_by("started_at")
        .values_list("pk", flat=True)
    ]


def told(client: Client) -> str:
    """What the login page says to a browser whose session is over."""
    answer = client.get("/account/")
    assert answer.status_code == 302
    return text_of(client.get(answer["Location"]))


def test_it_lists_browser_network_beginning_last_look_and_which_is_this_one(
    alices: Client, alice: Account, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(minutes=5))
    phone(alice)
    clock.shift(timedelta(minutes=2))
    page = text_of(alices.get(PAGE))
    for words in (
        "Firefox (Windows)",
        "Safari (iPhone)",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "9:05 AM",
        "9:07 AM",
    ):
        assert words in page, words
    assert page.count("(this one)") == 1
    assert page.index("(this one)") < page.index("Safari (iPhone)")
    assert "Where you are logged in now" in text_of(alices.get("/account/"))


def test_one_is_ended_and_its_browser_is_told_why(alices: Client, alice: Account) -> None:
    hers = phone(alice)
    (_, other) = ids(alice)
    assert alices.post(f"{PAGE}{other}/end/")["Location"] == PAGE
    assert "The session was ended." in text_of(alices.get(PAGE))
    assert "from the list of sessions of your account" in told(hers)
    (event,) = events("account:session:ended", alice.username)
    assert (event.actor, event.detail["reason"], event.network) == (alice.username, "by_owner", "198.51.100.0/24")
    assert alices.get("/account/").status_code == 200


def test_all_others_are_ended_at_once_and_this_one_stays(alices: Client, alice: Account) -> None:
    others = [phone(alice), phone(alice)]
    assert alices.post(f"{PAGE}end-others/")["Location"] == PAGE
    page = text_of(alices.get(PAGE))
    assert "2 other sessions were ended." in page
    assert "You are logged in nowhere else." in page
    assert all("from the list of sessions" in told(other) for other in others)
    assert len(events("account:session:ended", alice.username)) == 2


def test_a_session_that_is_idle_is_not_listed(alices: Client, alice: Account, clock: time_machine.Traveller) -> None:
    phone(alice)
    clock.shift(timedelta(minutes=10))
    assert "iPhone" in text_of(alices.get(PAGE))
    clock.shift(timedelta(minutes=5))
    assert "iPhone" not in text_of(alices.get(PAGE))


def test_nobody_sees_or_ends_the_sessions_of_another(alices: Client, alice: Account, charlies: Client) -> None:
    hers = phone(alice)
    assert "iPhone" not in text_of(charlies.get(PAGE))
    for number in ids(alice):
        assert charlies.post(f"{PAGE}{number}/end/")["Location"] == PAGE
    charlies.post(f"{PAGE}end-others/")
    assert "That session was over already." in text_of(charlies.get(PAGE))
    assert hers.get("/account/").status_code == alices.get("/account/").status_code == 200
    assert not events("account:session:ended")


def test_a_look_ends_nothing(alices: Client, alice: Account) -> None:
    phone(alice)
    for number in ids(alice):
        assert alices.get(f"{PAGE}{number}/end/").status_code == 405
    assert alices.get(f"{PAGE}end-others/").status_code == 405
    assert len(ids(alice)) == 2


def test_ended_twice_is_said_and_a_made_up_one_is_no_error(alices: Client, alice: Account) -> None:
    phone(alice)
    (_, other) = ids(alice)
    for number in (other, other, "11111111-1111-4111-8111-111111111111"):
        assert alices.post(f"{PAGE}{number}/end/").status_code == 302
    assert len(events("account:session:ended")) == 1


def test_who_ends_this_very_session_by_its_address_is_out(alices: Client, alice: Account) -> None:
    (own,) = ids(alice)
    alices.post(f"{PAGE}{own}/end/")
    assert "from the list of sessions" in told(alices)


def test_staff_have_the_page_as_well(db: None, now: datetime) -> None:
    dora = staff_account("dora", StaffRole.SERVICE_DESK, now=now)
    hers, elsewhere = at_work(dora), at_work(dora)
    assert text_of(hers.get(PAGE)).count('<section class="app-box"') == 2
    hers.post(f"{PAGE}end-others/")
    assert elsewhere.get(PAGE).status_code == 302


def test_who_opens_the_login_page_by_itself_is_told_as_well(alices: Client, alice: Account) -> None:
    hers = phone(alice)
    alices.post(f"{PAGE}end-others/")
    assert "from the list of sessions" in text_of(hers.get("/login/"))
    assert "from the list of sessions" not in text_of(hers.get("/login/"))
