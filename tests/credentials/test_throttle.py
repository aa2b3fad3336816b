"""Budgets of guesses: counted once each, unknown names alike, closed when the counters are away."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from extranet.credentials import throttle
from extranet.credentials.devices import mark_known, recognise
from extranet.credentials.models import Account, Throttle
from extranet.policy import JOBAID
from tests.credentials.people import CAFE, HOME, days, minutes

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def guess(name: str, now: datetime, network: str = HOME) -> throttle.Allowance:
    return throttle.take_guess(username=name, device=None, network=network, now=now)


def test_five_tries_in_fifteen_minutes_then_thirty_minutes_wait(now: datetime) -> None:
    assert all(guess("CC_A", now + n * minutes(2)).allowed for n in range(5))
    refused = guess("CC_A", now + minutes(9))
    assert (refused.allowed, refused.retry_after_seconds) == (False, 29 * 60)  # thirty from the fifth try, minute 8
    assert not guess("CC_A", now + minutes(38) - SECOND).allowed
    assert guess("CC_A", now + minutes(38)).allowed


def test_a_window_that_has_passed_counts_no_more(now: datetime) -> None:
    assert all(guess("CC_A", now).allowed for _ in range(4))
    assert all(guess("CC_A", now + minutes(15)).allowed for _ in range(5))
    assert not guess("CC_A", now + minutes(15)).allowed


def test_the_policy_chooses_the_numbers(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    stricter = dataclasses.replace(JOBAID, guesses=2, guess_window_minutes=1, lock_minutes=3)
    monkeypatch.setattr("extranet.policy.POLICIES", {JOBAID.name: stricter})
    assert [guess("CC_A", now).allowed for _ in range(3)] == [True, True, False]
    assert guess("CC_A", now + minutes(3)).allowed


def test_another_network_and_another_name_are_not_held_up(now: datetime) -> None:
    for _ in range(6):
        guess("CC_A", now)
    assert guess("CC_A", now, CAFE).allowed
    assert guess("CC_B", now).allowed


def test_all_strange_devices_together_have_one_budget_a_day_with_growing_waits(now: datetime) -> None:
    taken, waits, moment = 0, [], now
    for n in range(400):  # a stranger with as many networks as wanted
        allowance = guess("CC_A", moment, f"10.0.{n % 250}.0/24")
        if allowance.allowed:
            taken += 1
        else:
            waits.append(allowance.retry_after)
            moment += allowance.retry_after
        if moment >= now + days(1):
            break
    assert 90 <= taken <= 100
    assert waits[:3] == [SECOND, 2 * SECOND, 4 * SECOND]
    assert sorted(waits[:11]) == waits[:11]


def test_one_network_cannot_try_one_password_on_every_name(now: datetime) -> None:
    answers = [guess(f"CC_{n}", now).allowed for n in range(101)]
    assert answers == [True] * 100 + [False]
    assert guess("CC_0", now, CAFE).allowed


def test_a_known_device_has_its_own_budget_that_no_stranger_can_spend(alice: Account, now: datetime) -> None:
    device = recognise(username=alice.username, token=mark_known(account=alice, browser="", now=now))
    for n in range(20):
        guess(alice.username, now, f"10.0.{n}.0/24")
        guess(alice.username, now, HOME)
    assert not guess(alice.username, now, HOME).allowed
    mine = [throttle.take_guess(username=alice.username, device=device, network=HOME, now=now) for _ in range(6)]
    assert [allowance.allowed for allowance in mine] == [True] * 5 + [False]


def test_clearing_an_owner_clears_all_networks_and_devices_and_nobody_elses(now: datetime) -> None:
    for network in (HOME, CAFE):
        for name in ("CC_A", "CC_B"):
            for _ in range(6):
                guess(name, now, network)
    assert {scope for scope, _ in throttle.blocked(owner="CC_A", now=now)} >= {throttle.ACCOUNT_NETWORK}
    assert throttle.clear(owner="CC_A") == 3
    assert throttle.blocked(owner="CC_A", now=now) == []
    assert guess("CC_A", now).allowed
    assert not guess("CC_B", now).allowed


def test_no_name_and_no_network_stands_in_the_table(now: datetime) -> None:
    guess("CC_A", now)
    stored = str(list(Throttle.objects.values_list("scope", "key")))
    assert "CC_A" not in stored
    assert "198.51" not in stored


def test_without_its_counters_nobody_may_guess(now: datetime) -> None:
    def away(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "throttles" in sql:
            raise OperationalError("the database is away")
        return execute(sql, *rest)

    with connection.execute_wrapper(away):
        refused = guess("CC_A", now)
    assert not refused.allowed
    assert refused.retry_after_seconds > 0
    assert guess("CC_A", now).allowed


def test_old_counters_are_forgotten_but_not_those_that_still_block(now: datetime) -> None:
    guess("CC_old", now - days(3))
    for _ in range(5):
        guess("CC_A", now)
    throttle.forget_old(before=now - days(2))
    assert Throttle.objects.filter(window_started_at__lt=now).count() == 0
    assert not guess("CC_A", now).allowed


@pytest.mark.django_db(transaction=True)
def test_fifty_tries_at_once_are_fifty_tries(now: datetime) -> None:
    def one(_: int) -> bool:
        try:
            return guess("CC_A", now).allowed
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(50))) == 5


def test_the_owners_own_try_is_not_left_on_the_shared_counters(alice: Account, now: datetime) -> None:
    for _ in range(2):
        guess(alice.username, now)
    throttle.give_back_guess(username=alice.username, device=None, network=HOME)
    left = dict(Throttle.objects.values_list("scope", "count"))
    assert left == {throttle.NETWORK: 1, throttle.ACCOUNT: 1, throttle.ALL: 1}
    device = recognise(username=alice.username, token=mark_known(account=alice, browser="", now=now))
    throttle.take_guess(username=alice.username, device=device, network=HOME, now=now)
    throttle.give_back_guess(username=alice.username, device=device, network=HOME)
    assert dict(Throttle.objects.values_list("scope", "count")) == left
