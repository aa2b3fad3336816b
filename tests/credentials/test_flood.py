"""A flood of guesses over all names: it narrows what strangers may try, and bars no owner."""

import dataclasses
from datetime import datetime, timedelta

import pytest

from bench.guessing import FIRST, KNOWN, RESET, Genuine, flood
from extranet.credentials import throttle
from extranet.credentials.devices import mark_known, recognise
from extranet.credentials.models import Account, KnownDevice, Throttle
from extranet.policy import JOBAID
from tests.credentials.people import CAFE, HOME, days, minutes, new_account

pytestmark = pytest.mark.django_db


def guess(name: str, now: datetime, network: str = HOME) -> bool:
    return throttle.take_guess(username=name, device=None, network=network, now=now).allowed


def known(account: Account, now: datetime) -> KnownDevice:
    device = recognise(username=account.username, token=mark_known(account=account, browser="", now=now))
    assert device is not None
    return device


@pytest.fixture
def after_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy whose hour is spent by ten guesses at whatever names."""
    small = dataclasses.replace(JOBAID, unknown_device_budget_of_all_per_hour=10)
    monkeypatch.setattr("extranet.policy.POLICIES", {JOBAID.name: small})


def spend_the_hour(now: datetime) -> None:
    assert all(guess(f"CC_other{n}", now, f"10.0.{n}.0/24") for n in range(10))


def test_once_the_hour_of_all_is_spent_every_name_takes_five_a_day_of_strangers(
    alice: Account, now: datetime, after_ten: None
) -> None:
    spend_the_hour(now)
    for name in (alice.username, "CC_nobody"):
        assert [guess(name, now, f"10.1.{n}.0/24") for n in range(7)] == [True] * 5 + [False] * 2
    assert guess("CC_4000009", now)  # nobody tried this name: a first login passes


def test_an_hour_later_the_names_have_their_own_budget_again(alice: Account, now: datetime, after_ten: None) -> None:
    spend_the_hour(now)
    for n in range(6):
        guess(alice.username, now, f"10.1.{n}.0/24")
    assert not guess(alice.username, now + minutes(59), CAFE)
    assert guess(alice.username, now + minutes(61), CAFE)


def test_without_that_flood_no_name_is_narrowed(alice: Account, now: datetime) -> None:
    spend_the_hour(now)
    assert sum(guess(alice.username, now, f"10.1.{n}.0/24") for n in range(9)) == 9


def test_a_known_device_does_not_notice_the_flood(alice: Account, now: datetime, after_ten: None) -> None:
    spend_the_hour(now)
    for n in range(9):
        guess(alice.username, now, f"10.1.{n}.0/24")
    assert throttle.take_guess(username=alice.username, device=known(alice, now), network=HOME, now=now).allowed


def test_a_right_password_in_the_flood_gives_its_try_back_and_opens_nothing_for_others(
    alice: Account, now: datetime, after_ten: None
) -> None:
    spend_the_hour(now)
    for _ in range(20):
        assert guess(alice.username, now)
        throttle.give_back_guess(username=alice.username, device=None, network=HOME)
    assert [guess("CC_nobody", now, f"10.1.{n}.0/24") for n in range(6)] == [True] * 5 + [False]


def test_a_try_that_nobody_looked_at_is_as_if_it_had_not_been(alice: Account, now: datetime) -> None:
    for _ in range(30):
        assert guess(alice.username, now)
        throttle.undo_guess(username=alice.username, device=None, network=HOME)
    device = known(alice, now)
    for _ in range(30):
        taken = throttle.take_guess(username=alice.username, device=device, network=HOME, now=now)
        assert taken.allowed
        assert not taken.last
        throttle.undo_guess(username=alice.username, device=device, network=HOME)
    assert set(Throttle.objects.values_list("count", flat=True)) == {0}


def test_the_fifteenth_wrong_try_of_a_day_is_the_last_of_a_known_device(alice: Account, now: datetime) -> None:
    device, moment, taken = known(alice, now), now, []
    for _ in range(3):
        taken += [
            throttle.take_guess(username=alice.username, device=device, network=HOME, now=moment) for _ in range(5)
        ]
        moment += minutes(31)
    assert [allowance.last for allowance in taken] == [False] * 14 + [True]


def test_on_the_next_day_it_has_fifteen_again(alice: Account, now: datetime) -> None:
    device = known(alice, now)
    for day in range(6):
        for _ in range(4):
            taken = throttle.take_guess(
                username=alice.username, device=device, network=HOME, now=now + days(1.01) * day
            )
            assert (taken.allowed, taken.last) == (True, False)


def test_in_a_short_flood_owners_get_in_and_no_password_is_tried_more_often_than_policy_says(now: datetime) -> None:
    """The bench of a million guesses, shorter (bench/throttle.py): two thousand at 24 names, half at three of them."""
    accounts = [new_account(f"40000{number}", now=now - days(1)) for number in range(10, 31)]
    kinds = (KNOWN, FIRST, RESET)
    genuine = [
        Genuine(account, kinds[n % 3], HOME, known(account, now) if n % 3 == 0 else None)
        for n, account in enumerate(accounts)
    ]
    found = flood(
        names=[account.username for account in accounts] + ["CC_4999991", "CC_4999992", "CC_4999993"],
        few=[account.username for account in accounts[:3]],
        networks=[f"10.0.{number}.0/24" for number in range(200)],
        genuine=genuine,
        guesses=2_000,
        begin=now,
        span=timedelta(days=1),
    )
    assert found.let_in == found.asked == {KNOWN: 7, FIRST: 7, RESET: 7}
    assert found.kept_out == []
    assert 50 < found.most <= JOBAID.unknown_device_budget_per_day
    assert found.real < found.guesses


def test_the_policy_chooses_how_long_a_guessing_device_stays_known(
    alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    stricter = dataclasses.replace(JOBAID, known_device_guesses_per_day=5)
    monkeypatch.setattr("extranet.policy.POLICIES", {JOBAID.name: stricter})
    device = known(alice, now)
    taken = [throttle.take_guess(username=alice.username, device=device, network=HOME, now=now) for _ in range(5)]
    assert [allowance.last for allowance in taken] == [False] * 4 + [True]
