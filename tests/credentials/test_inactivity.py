"""AC-2(3): sixty quiet days, at their edges, and what the person is told."""

from datetime import UTC, datetime, timedelta

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.credentials.change_password import change
from extranet.credentials.expiry import expire
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.issue import issue_password, open_account
from extranet.credentials.login import RESET_NEEDED, WRONG, LoginRefused
from extranet.credentials.models import Account
from extranet.policy import inactive_from, policy_named
from tests.credentials.people import CHOSEN, DESK, NEW, days, events, fresh, new_account, new_agent, try_login
from tests.credentials.reset_walks import asked, claim
from tests.policies import put_in_force
from tests.web.people import browser, log_in, text_of

pytestmark = pytest.mark.django_db
MOMENT = timedelta(microseconds=1)
ME = Actor("agent", "CC_4000001")


@pytest.fixture(autouse=True)
def ageless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that do not age, so that only quiet days can lock."""
    put_in_force(monkeypatch, password_days=None)


def reason(account: Account, now: datetime) -> Reason:
    return may_enter(fresh(account), channel=Channel.PORTAL, now=now).reason


def test_the_last_moment_of_the_sixtieth_day_is_good_and_the_next_is_not(alice: Account, now: datetime) -> None:
    assert reason(alice, now + days(60) - MOMENT) is Reason.OK
    assert reason(alice, now + days(60)) is Reason.INACTIVE


def test_a_login_counts_from_its_moment_and_an_older_one_not(alice: Account, now: datetime) -> None:
    try_login(alice, CHOSEN, now=now + days(59))
    assert reason(alice, now + days(119) - MOMENT) is Reason.OK
    assert reason(alice, now + days(119)) is Reason.INACTIVE


def test_a_password_issued_after_the_last_login_counts_instead(alice: Account, now: datetime) -> None:
    try_login(alice, CHOSEN, now=now + days(10))
    issue_password(account=fresh(alice), now=now + days(50), by=DESK)
    Account.objects.filter(pk=alice.pk).update(temporary=False, temporary_until=None)
    assert reason(alice, now + days(110) - MOMENT) is Reason.OK
    assert reason(alice, now + days(110)) is Reason.INACTIVE


def test_changing_the_own_password_is_no_login_but_needs_one(alice: Account, now: datetime) -> None:
    try_login(alice, CHOSEN, now=now + days(5))
    change(account=fresh(alice), old=CHOSEN, new=NEW, now=now + days(6), by=ME)
    assert reason(alice, now + days(65)) is Reason.INACTIVE


def test_a_refused_login_does_not_keep_an_account_alive(alice: Account, now: datetime) -> None:
    with pytest.raises(LoginRefused):
        try_login(alice, "a wrong guess", now=now + days(59))
    assert reason(alice, now + days(60)) is Reason.INACTIVE


@pytest.mark.parametrize(
    ("came", "gone"),
    [
        ("2026-02-01 20:00", "2026-04-02 20:00"),  # noon in winter, one in the afternoon in summer
        ("2026-09-20 19:00", "2026-11-19 19:00"),  # noon in summer, eleven in the morning in winter
        ("2026-11-01 09:30", "2026-12-31 09:30"),  # half past one, the second time that night
    ],
)
def test_days_of_quiet_are_twenty_four_hours_also_over_a_change_of_the_clock(came: str, gone: str) -> None:
    """Nobody has to know in which zone a login was: sixty times twenty-four hours, an hour more or less by the wall."""
    last, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (came, gone))
    account = new_account(now=last - days(30))
    try_login(account, CHOSEN, now=last)
    assert reason(account, end - MOMENT) is Reason.OK
    assert reason(account, end) is Reason.INACTIVE
    assert inactive_from(last - days(30), last, policy_named("jobaid")) == end


def test_who_never_came_counts_from_the_opening_of_the_account(now: datetime) -> None:
    account = open_account(agent=new_agent(), now=now, by=DESK)
    assert expire(now=now + days(60) - MOMENT).inactive == 0
    assert expire(now=now + days(60)).inactive == 1
    assert reason(account, now + days(60)) is Reason.NO_PASSWORD  # said first: there is nothing to be inactive with


def test_the_run_notes_what_the_gate_says_at_the_same_moment(alice: Account, now: datetime) -> None:
    assert expire(now=now + days(60) - MOMENT).inactive == 0
    assert expire(now=now + days(60)).inactive == 1
    assert expire(now=now + days(61)).inactive == 0
    assert len(events("account:inactive:noted", alice.username)) == 1


def test_the_owner_is_told_after_the_right_password_and_a_stranger_is_not(alice: Account, now: datetime) -> None:
    for password, code in ((CHOSEN, RESET_NEEDED), ("a wrong guess", WRONG)):
        with pytest.raises(LoginRefused) as refusal:
            try_login(alice, password, now=now + days(60))
        assert refusal.value.code == code


def test_the_page_says_that_the_reset_link_is_the_way(alice: Account, now: datetime) -> None:
    long_ago = now - days(1000)
    Account.objects.filter(pk=alice.pk).update(issued_at=long_ago, created_at=long_ago)
    page = text_of(log_in(browser(), alice))
    assert "its time is over" in page
    assert "its time is over" not in text_of(log_in(browser(address="203.0.113.9"), alice, "a wrong guess"))


@pytest.mark.parametrize("reset_gives", ["generated", "chosen"])
def test_a_reset_ends_it_whoever_makes_the_password(
    alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch, reset_gives: str
) -> None:
    put_in_force(monkeypatch, password_days=None, reset_gives=reset_gives)
    token, _ = asked(alice, now=now + days(80))
    clear = claim(token, now=now + days(80), chosen=NEW).password or NEW
    assert try_login(alice, clear, now=now + days(81)).account == alice


def test_the_neighbour_who_came_stays_in(alice: Account, bob: Account, now: datetime) -> None:
    try_login(bob, CHOSEN, now=now + days(30))
    assert (reason(alice, now + days(60)), reason(bob, now + days(60))) == (Reason.INACTIVE, Reason.OK)
    assert Agent.objects.count() == 2
