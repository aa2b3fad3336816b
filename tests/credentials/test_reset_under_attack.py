"""Two networks fight over one account's links for a day; its owner gets in whenever she wants, from wherever."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from extranet.credentials import reset
from extranet.credentials.devices import mark_known, revoke_all
from extranet.credentials.models import Account, KnownDevice, ResetLink
from extranet.vault.tokens import digest
from tests.credentials.people import HOME, events, minutes, new_account, try_login
from tests.credentials.reset_walks import HERS, STRANGERS, ask, claim, reset_mails, token_in

pytestmark = pytest.mark.django_db
NETWORKS = ("203.0.113.0/24", "192.0.2.0/24")
EVERY = minutes(4)  # both ask so often: the mails of an hour are gone at once


def attack(account: Account, *, now: datetime) -> None:
    """Ask in her name, press the button of links that were guessed, name codes for them."""
    for place, network in enumerate(NETWORKS):
        code = ask(account.username, now=now, browser_token=str(place) * 32, network=network).code
        with pytest.raises(reset.ResetOver):
            claim("b" * 32, now=now, browser_token=STRANGERS, code=code)
        with pytest.raises(reset.ResetOver):
            reset.ask_again(
                token="b" * 32, username=account.username, network=network, browser_token=STRANGERS, now=now
            )


def living(account: Account, *, now: datetime) -> list[str]:
    """Links in her mailbox that work now, the newest first."""
    links = ResetLink.objects.filter(account=account, state=ResetLink.State.OPEN, expires_at__gt=now)
    digests = set(links.values_list("digest", flat=True))
    arrived = (mail for mail in reset_mails(account) if mail.wiped_at is None)
    tokens = [token_in(mail) for mail in sorted(arrived, key=lambda mail: mail.posted_at)]
    return [token for token in reversed(tokens) if digest(token) in digests]


def known_device(account: Account, *, now: datetime) -> str:
    mark_known(account=account, browser="Firefox", now=now)
    return str(KnownDevice.objects.get(account=account, revoked_at=None).pk)


def in_by_her_own_browser(account: Account, device: str, *, now: datetime) -> str:
    before = len(reset_mails(account))
    reset.ask(username=account.username, network=HOME, browser_token=HERS, now=now, device_id=device)
    assert len(reset_mails(account)) == before + 1
    return claim(living(account, now=now)[0], now=now).password


def in_by_a_strange_browser(account: Account, *, now: datetime) -> str:
    """She asks; nothing comes. A link that strangers asked for lies in her mailbox: it gets her one of her own."""
    before = len(reset_mails(account))
    ask(account.username, now=now, browser_token=HERS)
    if len(reset_mails(account)) == before:
        theirs = living(account, now=now)[0]
        with pytest.raises(reset.CodeRefused):
            claim(theirs, now=now)
        reset.ask_again(token=theirs, username="4000001", network=HOME, browser_token=HERS, now=now)
    return claim(living(account, now=now)[0], now=now).password


def get_in(account: Account, device: str, *, now: datetime) -> str:
    return in_by_her_own_browser(account, device, now=now) if device else in_by_a_strange_browser(account, now=now)


@pytest.mark.parametrize("where", ["in her own browser", "in a strange one"])
def test_two_networks_fight_for_a_day_and_the_owner_gets_in_at_every_hour(where: str, now: datetime) -> None:
    alice, moment = new_account(now=now), now
    device = known_device(alice, now=now) if where == "in her own browser" else ""
    for step in range(int(timedelta(days=1) / EVERY)):
        attack(alice, now=moment)
        moment += EVERY
        if step % 17 == 13:  # about every hour, always at another minute of it
            for _ in range(2):  # the first of the two she loses at once
                password = get_in(alice, device, now=moment)
            assert try_login(alice, password, now=moment).must_change
            attack(alice, now=moment)
    assert len(events("account:reset:claimed")) == 42
    assert len(reset_mails(alice)) <= 3 * 24 + 42 * 4  # three an hour; a claim's own, and the three that it makes free


def test_at_any_minute_mails_are_left_or_a_living_link_lies_in_the_mailbox(now: datetime) -> None:
    """What the second way stands on: the hour's wait begins with the last mail, and its link lives for that hour."""
    alice = new_account(now=now)
    for minute in range(0, 180, 3):
        ask(alice.username, now=now + minutes(minute), browser_token=STRANGERS)
        assert living(alice, now=now + minutes(minute))


def test_a_device_has_three_mails_an_hour_of_its_own(alice: Account, bob: Account, now: datetime) -> None:
    device, bobs = known_device(alice, now=now), known_device(bob, now=now)
    for _ in range(5):
        reset.ask(username=alice.username, network=HOME, browser_token=HERS, now=now, device_id=device)
    assert len(reset_mails(alice)) == 3
    for _ in range(5):  # Bob's own device is a stranger to Alice's account
        reset.ask(username=alice.username, network=HOME, browser_token=STRANGERS, now=now, device_id=bobs)
    assert len(reset_mails(alice)) == 6
    revoke_all(account=alice, now=now)
    reset.ask(username=alice.username, network=HOME, browser_token=HERS, now=now + minutes(61), device_id=device)
    assert len(reset_mails(alice)) == 7
    assert events("account:reset:throttled")[0].detail["by"] == "reset-mail-known"


def test_who_found_one_mail_causes_another_and_cannot_use_either(alice: Account, now: datetime) -> None:
    ask(alice.username, now=now)
    (found,) = living(alice, now=now)
    reset.ask_again(token=found, username=alice.username, network=HOME, browser_token=STRANGERS, now=now)
    assert len(reset_mails(alice)) == 2
    with pytest.raises(reset.CodeRefused):
        claim(found, now=now, browser_token=STRANGERS)
    assert claim(found, now=now).username == alice.username  # hers lives on


def test_two_links_of_ones_own_come_of_one_and_only_by_its_user_name(
    alice: Account, bob: Account, now: datetime
) -> None:
    ask(alice.username, now=now)
    (found,) = living(alice, now=now)

    def again(name: str, at: datetime) -> None:
        reset.ask_again(token=found, username=name, network=HOME, browser_token=HERS, now=at)

    for name in ("", "4000002", bob.username, "no such form"):
        with pytest.raises(reset.AgainRefused) as refused:
            again(name, now)
        assert not refused.value.spent
    for minute in (1, 2):
        again("4000001", now + minutes(minute))
    with pytest.raises(reset.AgainRefused) as refused:
        again("4000001", now + minutes(3))
    assert refused.value.spent
    with pytest.raises(reset.ResetOver):
        again("4000001", now + minutes(60))
    assert len(reset_mails(alice)) == 3
    assert not reset_mails(bob)


def test_without_its_counters_nobody_is_mailed_and_the_answer_is_the_same(alice: Account, now: datetime) -> None:
    def away(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "throttles" in sql:
            raise OperationalError("the database is away")
        return execute(sql, *rest)

    plain = ask(alice.username, now=now)
    with connection.execute_wrapper(away):
        answer = ask(alice.username, now=now)
    assert (answer.masked_email, len(answer.code)) == (plain.masked_email, len(plain.code))
    assert len(reset_mails(alice)) == 1
