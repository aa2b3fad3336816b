"""Each setting of getting in, with two values: what happens is not the same."""

from datetime import datetime
from uuid import uuid4

import pytest

from extranet.credentials import sessions, throttle
from extranet.credentials.gate import Channel, Reason, may_enter, must_set_up_factor, needs_second_factor
from extranet.credentials.models import Account, KnownDevice, LiveSession
from extranet.credentials.step_up import Proof, is_due
from tests.credentials.people import HOME, days, fresh, minutes, new_staff
from tests.policy.conftest import Under

pytestmark = pytest.mark.django_db


def begin(account: Account, now: datetime) -> str:
    key = uuid4().hex
    sessions.begin(account=account, session_key=key, network=HOME, browser="", now=now)
    return key


def is_live(key: str, now: datetime) -> bool:
    return isinstance(sessions.check(session_key=key, now=now), LiveSession)


def tries(count: int, now: datetime, network: str = HOME) -> list[bool]:
    return [throttle.take_guess(username="CC_A", device=None, network=network, now=now).allowed for _ in range(count)]


@pytest.mark.parametrize(("inactivity_days", "reason"), [(60, Reason.OK), (30, Reason.INACTIVE)])
def test_after_how_many_quiet_days_an_account_is_inactive(
    under: Under, alice: Account, now: datetime, inactivity_days: int, reason: Reason
) -> None:
    under(inactivity_days=inactivity_days)
    assert may_enter(fresh(alice), channel=Channel.PORTAL, now=now + days(31)).reason is reason


@pytest.mark.parametrize("second_factor_staff", ["required", "offered"])
def test_staff_need_a_second_factor(under: Under, now: datetime, second_factor_staff: str) -> None:
    """No policy can be written that asks for less; the check of types refuses it. What stands there is what decides."""
    under(second_factor_staff=second_factor_staff)
    assert needs_second_factor(new_staff(now=now)) == (second_factor_staff == "required")


@pytest.mark.parametrize(("idle_minutes", "live"), [(15, True), (10, False)])
def test_how_long_a_session_may_be_idle(
    under: Under, alice: Account, now: datetime, idle_minutes: int, live: bool
) -> None:
    under(idle_minutes=idle_minutes)
    assert is_live(begin(alice, now), now + minutes(12)) == live


@pytest.mark.parametrize(("session_hours", "live"), [(12, True), (1, False)])
def test_how_long_a_session_lasts_however_busy(
    under: Under, alice: Account, now: datetime, session_hours: int, live: bool
) -> None:
    under(session_hours=session_hours, idle_minutes=600)
    assert is_live(begin(alice, now), now + minutes(90)) == live


@pytest.mark.parametrize(("sessions_per_account", "older_lives"), [(1, False), (2, True)])
def test_how_many_sessions_an_account_has(
    under: Under, alice: Account, now: datetime, sessions_per_account: int, older_lives: bool
) -> None:
    under(sessions_per_account=sessions_per_account)
    older, newer = begin(alice, now), begin(alice, now + minutes(1))
    assert is_live(older, now + minutes(2)) == older_lives
    assert is_live(newer, now + minutes(2))


@pytest.mark.parametrize("guesses", [5, 2])
def test_how_many_guesses_there_are(under: Under, now: datetime, guesses: int) -> None:
    under(guesses=guesses)
    assert tries(6, now).count(True) == guesses


@pytest.mark.parametrize(("guess_window_minutes", "more"), [(15, 1), (5, 5)])
def test_in_how_long_a_time_they_are_counted(under: Under, now: datetime, guess_window_minutes: int, more: int) -> None:
    under(guess_window_minutes=guess_window_minutes)
    assert all(tries(4, now))
    assert tries(6, now + minutes(6)).count(True) == more


@pytest.mark.parametrize(("lock_minutes", "again"), [(30, False), (10, True)])
def test_how_long_one_waits_then(under: Under, now: datetime, lock_minutes: int, again: bool) -> None:
    under(lock_minutes=lock_minutes)
    tries(6, now)
    assert tries(1, now + minutes(16)) == [again]


@pytest.mark.parametrize("unknown_device_budget_per_day", [100, 8])
def test_how_many_guesses_all_strange_devices_have_together(
    under: Under, now: datetime, unknown_device_budget_per_day: int
) -> None:
    under(unknown_device_budget_per_day=unknown_device_budget_per_day)
    allowed = [tries(1, now, network=f"10.0.{number}.0/24") for number in range(12)]
    assert allowed.count([True]) == min(unknown_device_budget_per_day, throttle.FREE_TRIES)
    assert tries(1, now + minutes(30), network="10.1.0.0/24") == [unknown_device_budget_per_day > 8]


@pytest.mark.parametrize(("second_factor_agents", "must"), [("offered", False), ("required", True)])
def test_agents_need_a_second_factor(under: Under, alice: Account, second_factor_agents: str, must: bool) -> None:
    under(second_factor_agents=second_factor_agents)
    assert must_set_up_factor(fresh(alice)) == must


@pytest.mark.parametrize(("step_up_minutes", "due"), [(None, False), (30, False), (10, True)])
def test_how_long_a_proof_lasts_for_a_download(
    under: Under, alice: Account, now: datetime, step_up_minutes: int | None, due: bool
) -> None:
    under(second_factor_agents="required", step_up_minutes=step_up_minutes)
    live = LiveSession(account=alice, started_at=now, second_factor_at=now)
    assert is_due(account=alice, live=live, proof=Proof.DOWNLOADS, now=now + minutes(20)) == due


@pytest.mark.parametrize(("known_device_guesses_per_day", "last"), [(15, 15), (6, 6)])
def test_how_many_wrong_tries_a_known_device_has_in_a_day(
    under: Under, alice: Account, now: datetime, known_device_guesses_per_day: int, last: int
) -> None:
    under(known_device_guesses_per_day=known_device_guesses_per_day)
    device = KnownDevice.objects.create(account=alice, digest="d" * 64, browser="", created_at=now, last_used_at=now)
    found = [
        throttle.take_guess(username=alice.username, device=device, network=HOME, now=now + minutes(60 * number)).last
        for number in range(last)
    ]
    assert found.index(True) == last - 1


@pytest.mark.parametrize(("unknown_device_budget_of_all_per_hour", "allowed"), [(2_000, 6), (3, 5)])
def test_from_how_many_guesses_at_all_names_on_a_flood_narrows(
    under: Under, now: datetime, unknown_device_budget_of_all_per_hour: int, allowed: int
) -> None:
    under(unknown_device_budget_of_all_per_hour=unknown_device_budget_of_all_per_hour)
    for number in range(5):
        throttle.take_guess(username=f"CC_{number}", device=None, network=f"10.2.{number}.0/24", now=now)
    taken = [tries(1, now, network=f"10.3.{number}.0/24") for number in range(6)]
    assert taken.count([True]) == allowed
