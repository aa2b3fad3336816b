"""Sessions at their edges: a clock that went back, another id, several at a time, two workers at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from extranet.audit.record import Actor
from extranet.credentials import sessions
from extranet.credentials.models import Account, LiveSession, SessionClock, StaffRole
from extranet.credentials.session_store import SessionStore, stored_key
from extranet.credentials.sessions import SessionOver
from extranet.policy import JOBAID
from tests.credentials.people import CAFE, events, minutes, new_account, new_staff
from tests.credentials.test_sessions import begin, state

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)
HOURS = timedelta(hours=1)
T = TypeVar("T")


def row(key: str) -> LiveSession:
    return LiveSession.objects.get(key_digest=stored_key(key))


def owner(account: Account) -> Actor:
    return Actor(account.kind, account.username, CAFE)


def at_once(*acts: Callable[[], T]) -> list[T | Exception]:
    """Each on a connection of its own, as workers have them."""

    def one(act: Callable[[], T]) -> T | Exception:
        try:
            return act()
        except SessionOver as over:
            return over
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


@pytest.fixture
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    two = replace(JOBAID, sessions_per_account=2)
    monkeypatch.setattr("extranet.policy.POLICIES", {JOBAID.name: two})


# The edges of the limits


def test_the_idle_limit_holds_to_the_very_instant(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    assert state(key, now + minutes(15) - INSTANT) == "live"
    assert state(key, now + minutes(15)) == "idle"


def test_the_absolute_limit_holds_to_the_very_instant(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    LiveSession.objects.update(last_seen_at=now + 12 * HOURS - minutes(1))
    assert state(key, now + 12 * HOURS - INSTANT) == "live"
    assert state(key, now + 12 * HOURS) == "too_long"


# A clock that was set back


def test_what_ended_stays_ended_whatever_the_clock_says(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    assert state(key, now + minutes(15)) == "idle"
    for earlier in (now + minutes(14), now, now - 5 * HOURS):
        assert state(key, earlier) == "idle"


def test_what_was_over_and_seen_by_nobody_but_the_worker_is_not_revived(
    alice: Account, bob: Account, now: datetime
) -> None:
    key, bobs = begin(alice, now), begin(bob, now + minutes(10))
    assert sessions.keep_time(now=now + minutes(15)) == 1
    assert state(key, now + minutes(14)) == "idle"
    assert not SessionStore().exists(key)
    assert state(bobs, now + minutes(15)) == "live"


def test_a_clock_set_back_ends_every_session_once_and_says_so(alice: Account, bob: Account, now: datetime) -> None:
    key, bobs = begin(alice, now), begin(bob, now)
    back = now - HOURS
    assert state(key, back) == "clock"
    assert state(bobs, back) == "clock"
    assert state(key, now + minutes(1)) == "clock"  # nor when it is set right again
    assert not Session.objects.exists()
    assert {event.subject for event in events("account:session:ended")} == {alice.username, bob.username}
    assert len(events("account:session:ended")) == 2
    again = begin(alice, back + minutes(1))
    assert state(again, back + minutes(2)) == "live"


def test_a_clock_set_back_prolongs_nothing_though_the_person_was_seen_before(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    sessions.keep_time(now=now + minutes(14))  # the worker saw this moment, no person did
    assert state(key, now + minutes(12)) == "clock"


def test_a_session_seen_in_the_future_is_over_where_nothing_else_tells(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    SessionClock.objects.all().delete()
    assert state(key, now - minutes(2)) == "clock"


def test_machines_that_differ_by_seconds_end_nobodys_session(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    assert state(key, now - minutes(1)) == "live"
    assert sessions.keep_time(now=now - minutes(1)) == 0


def test_an_earlier_clock_does_not_move_what_was_seen(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    assert not sessions.touch(session=row(key), now=now - HOURS)
    assert row(key).last_seen_at == now


def test_a_login_notices_the_clock_as_well(alice: Account, bob: Account, now: datetime) -> None:
    key, bobs = begin(alice, now), begin(bob, now - HOURS)
    assert state(bobs, now - HOURS) == "live"
    assert state(key, now - HOURS) == "clock"


def test_the_site_remembers_how_far_it_came_once_a_minute(now: datetime) -> None:
    for moment in (now, now + minutes(0.5), now + minutes(1)):
        sessions.keep_time(now=moment)
    assert SessionClock.objects.get().latest_at == now + minutes(1)
    sessions.keep_time(now=now + minutes(0.5))
    assert SessionClock.objects.get().latest_at == now + minutes(1)


# Another id


def test_a_renewed_session_answers_to_its_new_key_alone_and_is_not_prolonged(
    alice: Account, bob: Account, now: datetime
) -> None:
    key, bobs, later = begin(alice, now), begin(bob, now), now + minutes(5)
    renewed = sessions.renew(session=row(key), session_key="another", now=later, second_factor=True)
    assert (renewed.started_at, renewed.last_seen_at, renewed.second_factor_at) == (now, now, later)
    assert (state(key, later), state("another", later), state(bobs, later)) == ("unknown", "live", "live")
    assert state("another", now + minutes(15)) == "idle"


def test_without_a_factor_the_new_id_claims_none(alice: Account, now: datetime) -> None:
    key = begin(alice, now)
    assert sessions.renew(session=row(key), session_key="another", now=now).second_factor_at is None


def test_what_ended_is_not_renewed(alice: Account, now: datetime) -> None:
    session = row(begin(alice, now))
    sessions.end_all(account=alice, reason="reset", by=owner(alice), now=now)
    with pytest.raises(SessionOver):
        sessions.renew(session=session, session_key="another", now=now)
    assert state("another", now) == "unknown"


# Several at a time


def test_where_policy_allows_two_the_third_ends_the_oldest(alice: Account, two_at_a_time: None, now: datetime) -> None:
    first, second, third = (begin(alice, now + minutes(number)) for number in range(3))
    assert [state(key, now + minutes(2)) for key in (first, second, third)] == ["newer_login", "live", "live"]


def test_an_idle_one_takes_no_place_and_is_not_told_as_elsewhere(
    alice: Account, two_at_a_time: None, now: datetime
) -> None:
    first, idle = begin(alice, now), begin(alice, now + minutes(1))
    sessions.touch(session=row(first), now=now + minutes(10))
    third = begin(alice, now + minutes(20))
    assert [state(key, now + minutes(20)) for key in (first, idle, third)] == ["live", "idle", "live"]


# Ended by the owner, and by another role


def test_the_owner_ends_one_and_nobody_elses(alice: Account, bob: Account, two_at_a_time: None, now: datetime) -> None:
    first, second, bobs = begin(alice, now), begin(alice, now), begin(bob, now)
    assert not sessions.end_one(account=alice, session_id=row(bobs).pk, by=owner(alice), now=now)
    assert sessions.end_one(account=alice, session_id=row(first).pk, by=owner(alice), now=now)
    assert not sessions.end_one(account=alice, session_id=row(first).pk, by=owner(alice), now=now)
    assert [state(key, now) for key in (first, second, bobs)] == ["by_owner", "live", "live"]
    (event,) = events("account:session:ended")
    assert (event.actor, event.subject, event.network) == (alice.username, alice.username, CAFE)


def test_another_role_ends_the_session_at_the_next_look(now: datetime, db: None) -> None:
    dora, eve = new_staff(now=now), new_staff("eve", now=now)
    key, eves = begin(dora, now, second_factor=True), begin(eve, now, second_factor=True)
    Account.objects.filter(pk=dora.pk).update(role=StaffRole.AUDITOR)
    assert (state(key, now), state(eves, now)) == ("role_changed", "live")
    Account.objects.filter(pk=dora.pk).update(role=StaffRole.SERVICE_DESK)
    assert state(key, now) == "role_changed"


# Two workers at once


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_find_it_over_end_it_once(now: datetime) -> None:
    alice = new_account(now=now)
    key = begin(alice, now)
    late = now + minutes(15)
    assert at_once(*[lambda: state(key, late)] * 4, lambda: str(sessions.keep_time(now=late)))[:4] == ["idle"] * 4
    assert len(events("account:session:ended")) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_find_the_clock_set_back_end_all_once(now: datetime) -> None:
    alice, bob = new_account(now=now), new_account("4000002", now=now)
    keys = [begin(alice, now), begin(bob, now)]
    assert at_once(*[lambda key=key: state(key, now - HOURS) for key in keys * 2]) == ["clock"] * 4
    assert len(events("account:session:ended")) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_renewals_at_once_one_wins(now: datetime) -> None:
    alice = new_account(now=now)
    session = row(begin(alice, now))
    done = at_once(
        *[lambda key=key: sessions.renew(session=session, session_key=key, now=now) for key in ("one", "two", "three")]
    )
    assert sum(isinstance(answer, LiveSession) for answer in done) == 1
    assert sorted(state(key, now) for key in ("one", "two", "three")) == ["live", "unknown", "unknown"]


@pytest.mark.django_db(transaction=True)
def test_an_end_and_a_renewal_at_once_leave_no_session(now: datetime) -> None:
    alice = new_account(now=now)
    session = row(begin(alice, now))
    at_once(
        lambda: bool(sessions.renew(session=session, session_key="another", now=now)),
        lambda: bool(sessions.end_all(account=alice, reason="disabled", by=owner(alice), now=now)),
    )
    assert not sessions.live(alice).exists()
