"""Fifty buttons pressed at the same moment: one winner, one password, everything once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection, transaction

from extranet.credentials import pickup, reset
from extranet.credentials.hashing import HashingBusy, check
from extranet.credentials.issue import Generated, generate
from extranet.credentials.models import ResetLink, ShownPassword
from tests.credentials.people import DESK, HOME, events, fresh, mails, new_account
from tests.credentials.reset_walks import ask, asked, claim, reset_mails, token_in

pytestmark = pytest.mark.django_db(transaction=True)


def all_at_once(acts: list[Callable[[], reset.Claimed]]) -> list[reset.Claimed | Exception]:
    start = Barrier(len(acts))

    def one(act: Callable[[], reset.Claimed]) -> reset.Claimed | Exception:
        try:
            start.wait(30)
            return act()
        except (reset.ResetOver, HashingBusy) as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_of_fifty_claims_of_one_link_exactly_one_wins(now: datetime) -> None:
    alice = new_account(now=now)
    token, _ = asked(alice, now=now)
    answers = all_at_once([lambda: claim(token, now=now)] * 50)
    (winner,) = (answer for answer in answers if isinstance(answer, reset.Claimed))
    account = fresh(alice)
    assert check(winner.password, account.password).right
    assert account.password_serial == alice.password_serial + 1
    assert (ShownPassword.objects.count(), len(events("account:reset:claimed"))) == (1, 1)
    assert len([mail for mail in mails() if mail.kind == "password_was_reset"]) == 1


def test_of_fifty_claims_one_hashes_and_nobody_is_told_that_the_machine_is_busy(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, made = new_account(now=now), []

    def counted() -> Generated:
        made.append(1)
        return generate()

    monkeypatch.setattr("extranet.credentials.reset_claim.generate", counted)
    token, _ = asked(alice, now=now)
    answers = all_at_once([lambda: claim(token, now=now)] * 50)
    assert len(made) == 1
    assert not [answer for answer in answers if isinstance(answer, HashingBusy)]


def test_of_three_links_claimed_at_once_exactly_one_wins(now: datetime) -> None:
    alice = new_account(now=now)
    tokens = [asked(alice, now=now)[0] for _ in range(3)]
    answers = all_at_once([lambda token=token: claim(token, now=now) for token in tokens])  # type: ignore[misc]
    (winner,) = (answer for answer in answers if isinstance(answer, reset.Claimed))
    assert check(winner.password, fresh(alice).password).right
    states = sorted(ResetLink.objects.values_list("state", flat=True))
    assert states == ["claimed", "ended", "ended"]


def test_ten_who_ask_at_once_cause_three_mails(now: datetime) -> None:
    alice = new_account(now=now)
    start = Barrier(10)

    def one(_: int) -> str:
        start.wait(30)
        try:
            return ask(alice.username, now=now).masked_email
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(one, range(10)))) == 1
    assert len(reset_mails(alice)) == 3


def test_of_fifty_who_pick_up_one_password_exactly_one_wins(now: datetime) -> None:
    """The code is right in every browser; the token is claimed once."""
    alice = new_account(now=now, password="")
    with transaction.atomic():
        first = pickup.make(account=alice, by=DESK, now=now).address.rstrip("/").rpartition("/")[2]
    code = pickup.ask(token=first, username=alice.username, network=HOME, now=now).code
    (mail,) = reset_mails(alice)
    second = token_in(mail)
    answers = all_at_once([lambda: claim(second, browser_token="", code=code, now=now)] * 50)
    (winner,) = (answer for answer in answers if isinstance(answer, reset.Claimed))
    assert check(winner.password, fresh(alice).password).right
    assert (fresh(alice).password_serial, ShownPassword.objects.count()) == (1, 1)
    assert sorted(ResetLink.objects.values_list("kind", "state")) == [("pickup", "ended"), ("reset", "claimed")]
