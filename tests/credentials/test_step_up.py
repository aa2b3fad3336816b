"""When a proof must be renewed, and that the session has another id afterwards (IA-11)."""

from collections.abc import Callable
from datetime import datetime

import pytest

from extranet.credentials import sessions, step_up
from extranet.credentials.models import Account, LiveSession
from extranet.credentials.second_factor import SecondFactorRefused
from extranet.credentials.step_up import Proof, is_due, prove_password
from tests.credentials.people import CHOSEN, events, minutes
from tests.credentials.test_own_factors import by, set_up

pytestmark = pytest.mark.django_db
Choose = Callable[[str], None]


def enter(account: Account, now: datetime, *, second_factor: bool, key: str = "k") -> LiveSession:
    return sessions.begin(
        account=account, session_key=key, network="", browser="", now=now, second_factor=second_factor
    ).session


def due(account: Account, live: LiveSession, now: datetime, proof: Proof = Proof.DOWNLOADS) -> bool:
    return is_due(account=account, live=live, proof=proof, now=now)


def test_the_policy_decides_whether_a_download_needs_a_proof(
    alice: Account, now: datetime, under_policy: Choose
) -> None:
    set_up(alice, now)
    live = enter(alice, now, second_factor=True)
    assert not due(alice, live, now + minutes(31))
    under_policy("arc_ampe")
    assert not due(alice, live, now + minutes(29))
    assert due(alice, live, now + minutes(30))


def test_changes_of_factors_need_one_under_every_policy(alice: Account, now: datetime) -> None:
    set_up(alice, now)
    live = enter(alice, now, second_factor=True)
    assert not due(alice, live, now + minutes(14), Proof.FACTORS)
    assert due(alice, live, now + minutes(15), Proof.FACTORS)


def test_who_has_no_factor_yet_has_proved_the_password_by_the_login_for_a_while(alice: Account, now: datetime) -> None:
    live = enter(alice, now, second_factor=False)
    assert not due(alice, live, now + minutes(14), Proof.FACTORS)
    assert due(alice, live, now + minutes(15), Proof.FACTORS)


def test_a_factor_that_came_later_must_be_proved_in_this_session(alice: Account, now: datetime) -> None:
    live = enter(alice, now, second_factor=False)
    set_up(alice, now)
    assert due(alice, live, now, Proof.FACTORS)


def test_a_clock_set_back_makes_no_old_proof_young(alice: Account, now: datetime) -> None:
    set_up(alice, now)
    live = enter(alice, now, second_factor=True)
    assert due(alice, live, now - minutes(1), Proof.FACTORS)


def test_the_proof_gives_the_session_another_id_and_the_old_one_is_nobodys(alice: Account, now: datetime) -> None:
    set_up(alice, now)
    live = enter(alice, now, second_factor=True, key="old")
    later = now + minutes(10)
    assert step_up.confirm(live=live, session_key="new", now=later)
    assert isinstance(sessions.check(session_key="old", now=later), sessions.Ended)
    found = sessions.check(session_key="new", now=later)
    assert isinstance(found, LiveSession)
    assert (found.pk, found.second_factor_at, found.started_at) == (live.pk, later, now)


def test_a_session_that_ended_meanwhile_stays_ended(alice: Account, now: datetime) -> None:
    set_up(alice, now)
    live = enter(alice, now, second_factor=True)
    sessions.end_all(account=alice, reason="disabled", by=by(alice), now=now)
    assert not step_up.confirm(live=live, session_key="new", now=now)
    assert isinstance(sessions.check(session_key="new", now=now), sessions.Ended)


def test_the_password_does_only_for_whom_has_no_factor(alice: Account, now: datetime) -> None:
    prove_password(account=alice, password=CHOSEN, by=by(alice), now=now)
    set_up(alice, now)
    with pytest.raises(SecondFactorRefused):
        prove_password(account=alice, password=CHOSEN, by=by(alice), now=now)


def test_guessing_the_password_inside_a_session_has_a_budget(alice: Account, now: datetime) -> None:
    for _ in range(5):
        with pytest.raises(SecondFactorRefused) as refused:
            prove_password(account=alice, password="not it", by=by(alice), now=now)
        assert refused.value.retry_after is None
    with pytest.raises(SecondFactorRefused) as refused:
        prove_password(account=alice, password=CHOSEN, by=by(alice), now=now)
    assert refused.value.retry_after == 30 * 60
    assert len(events("account:second-factor:refused", alice.username)) == 1
