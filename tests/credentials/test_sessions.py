"""One session an account, fifteen minutes idle, twelve hours in all, and the gate asked at each look."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import connection

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.record import Actor
from extranet.credentials import sessions
from extranet.credentials.disable import disable
from extranet.credentials.gate import Channel
from extranet.credentials.models import Account, LiveSession
from extranet.credentials.session_store import SessionStore, stored_key
from extranet.credentials.sessions import Ended, GateBackend, SecondFactorMissing
from tests.credentials.people import CAFE, CHOSEN, DESK, HOME, days, events, minutes, new_account, new_staff, try_login

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def begin(account: Account, now: datetime, network: str = HOME, *, second_factor: bool = False) -> str:
    """A Django session and the live one beside it, as the login page makes them."""
    store = SessionStore()
    store.create()
    assert store.session_key is not None
    sessions.begin(
        account=account,
        session_key=store.session_key,
        network=network,
        browser="",
        now=now,
        second_factor=second_factor,
    )
    return store.session_key


def state(key: str, now: datetime) -> str:
    found = sessions.check(session_key=key, now=now)
    return found.reason if isinstance(found, Ended) else "live"


def test_the_newer_login_ends_the_older_and_the_older_browser_learns_why(
    alice: Account, bob: Account, now: datetime
) -> None:
    first, bobs = begin(alice, now), begin(bob, now)
    second = begin(alice, now + minutes(1), CAFE)
    assert state(first, now + minutes(1)) == "newer_login"
    assert not SessionStore().exists(first)
    assert (state(second, now + minutes(1)), state(bobs, now + minutes(1))) == ("live", "live")
    ended = events("account:session:ended", alice.username)
    assert [(event.detail["reason"], event.network) for event in ended] == [("newer_login", CAFE)]


def test_fifteen_idle_minutes_end_it_for_good(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    assert state(key, now + minutes(15) - SECOND) == "live"
    assert state(key, now + minutes(15)) == "idle"
    assert state(key, now + minutes(1)) == "idle"  # it does not come back
    assert not SessionStore().exists(key)


def test_a_look_keeps_it_alive_and_is_written_once_a_minute(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    session = LiveSession.objects.get(key_digest=stored_key(key))
    assert not sessions.touch(session=session, now=now + SECOND)
    assert sessions.touch(session=session, now=now + minutes(10))
    assert not sessions.touch(session=session, now=now + minutes(10) + SECOND)
    assert state(key, now + minutes(24)) == "live"


def test_twelve_hours_end_it_however_busy(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    session = LiveSession.objects.get(key_digest=stored_key(key))
    for step in range(1, 72):
        assert sessions.touch(session=session, now=now + step * minutes(10))
    assert state(key, now + timedelta(hours=12) - SECOND) == "live"
    assert state(key, now + timedelta(hours=12)) == "too_long"


def test_a_decertified_agent_is_out_at_the_next_look(alice: Account, bob: Account, now: datetime) -> None:
    key, bobs = begin(alice, now), begin(bob, now)
    Agent.objects.filter(account=alice).update(status=CertificationStatus.DECERTIFIED)
    assert state(key, now) == "decertified"
    assert state(bobs, now) == "live"


def test_a_password_that_ends_at_midnight_ends_the_session_at_midnight(alice: Account, now: datetime) -> None:
    assert alice.expires_on is not None
    midnight = datetime.fromisoformat("2027-01-16T08:00:00+00:00")
    Account.objects.filter(pk=alice.pk).update(last_login=midnight)
    key = begin(alice, midnight - minutes(5))
    assert state(key, midnight - SECOND) == "live"
    assert state(key, midnight) == "expired"


def test_disabling_ends_it_at_once_and_the_cookie_finds_no_account(alice: Account, bob: Account, now: datetime) -> None:
    key, bobs = begin(alice, now), begin(bob, now)
    assert disable(account=alice, reason="left", by=DESK, now=now)
    assert state(key, now) == "disabled"
    assert GateBackend().get_user(alice.pk) is None
    assert GateBackend().get_user(bob.pk) == bob
    assert state(bobs, now) == "live"


def test_a_download_asks_more_than_the_portal_and_ends_nothing(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    answer = sessions.check(session_key=key, now=now, channel=Channel.DOWNLOAD)
    assert answer == Ended("needs_agreement")
    assert state(key, now) == "live"


def test_logging_out_is_logged_once(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    by = Actor("agent", alice.username, HOME)
    assert sessions.end(session_key=key, reason=sessions.LOGOUT, by=by, now=now)
    assert not sessions.end(session_key=key, reason=sessions.LOGOUT, by=by, now=now)
    assert state(key, now) == "logout"
    assert len(events("account:logout:done")) == 1


def test_ending_all_can_keep_the_one_in_hand(db: None, now: datetime) -> None:
    alice = new_account(now=now)
    keys = [begin(alice, now + minutes(n)) for n in range(2)]
    LiveSession.objects.filter(key_digest=stored_key(keys[0])).update(ended_at=None)
    assert sessions.end_all(account=alice, reason="reset", by=DESK, now=now, keep=keys[1]) == 1
    assert [session.key_digest for session in sessions.live(alice)] == [stored_key(keys[1])]


def test_a_made_up_key_is_no_session(alice: Account, now: datetime) -> None:
    begin(alice, now)
    assert state("", now) == state("x" * 32, now) == state("\x01", now) == "unknown"


def test_staff_have_no_session_without_second_factor(db: None, now: datetime) -> None:
    dora = new_staff(now=now)
    with pytest.raises(SecondFactorMissing):
        begin(dora, now)
    key = begin(dora, now, second_factor=True)
    assert LiveSession.objects.get(key_digest=stored_key(key)).second_factor_at == now


def test_an_agent_who_set_up_a_second_factor_has_no_session_without_it(
    alice: Account, bob: Account, now: datetime
) -> None:
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={})
    assert try_login(alice, CHOSEN, now=now).needs_second_factor
    with pytest.raises(SecondFactorMissing):
        begin(alice, now)
    assert state(begin(alice, now, second_factor=True), now) == "live"
    assert state(begin(bob, now), now) == "live"


def test_django_itself_lets_nobody_in(alice: Account) -> None:
    backend: Any = GateBackend()
    assert backend.authenticate(None, username=alice.username, password=CHOSEN) is None


def test_what_ended_long_ago_is_forgotten(alice: Account, now: datetime) -> None:
    old = begin(alice, now - days(100))
    new = begin(alice, now)
    LiveSession.objects.filter(key_digest=stored_key(old)).update(ended_at=now - days(99))
    assert sessions.forget_old(before=now - days(90)) == 1
    assert state(new, now) == "live"


@pytest.mark.django_db(transaction=True)
def test_logins_at_once_leave_one_session(now: datetime) -> None:
    alice = new_account(now=now)

    def one(number: int) -> None:
        try:
            begin(alice, now + number * SECOND)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(12)))
    assert sessions.live(alice).count() == 1


def test_who_reads_the_database_holds_no_cookie(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    assert Session.objects.get().session_key == LiveSession.objects.get().key_digest == stored_key(key) != key
    assert SessionStore(key).exists(key)
    assert not SessionStore(stored_key(key)).exists(stored_key(key))
    assert isinstance(sessions.check(session_key=stored_key(key), now=now), Ended)


def test_a_django_session_keeps_its_words_until_it_is_deleted(db: None) -> None:
    made = SessionStore()
    made["onward"] = "/reports/"
    made.save()
    assert made.session_key is not None
    assert SessionStore(made.session_key)["onward"] == "/reports/"
    made.cycle_key()
    assert SessionStore(made.session_key)["onward"] == "/reports/"
    assert Session.objects.count() == 1
    made.delete()
    assert SessionStore(made.session_key).get("onward") is None
    assert not Session.objects.exists()
