"""The same moment: one answer wins, one of two last factors stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection

from extranet.credentials.own_factors import LastFactor, factors_of
from extranet.credentials.passkey_ceremony import PasskeyRefused
from extranet.credentials.passkeys import passkeys_of
from tests.credentials.authenticator import SoftKey
from tests.credentials.people import events, new_account, new_staff
from tests.credentials.test_own_factors import remove_passkey
from tests.credentials.test_passkeys import SECOND, add, asked, prove

pytestmark = pytest.mark.django_db(transaction=True)


def all_at_once(acts: list[Callable[[], None]]) -> list[str]:
    """How each ended: the name of what refused it, or ``done``."""
    start = Barrier(len(acts))

    def one(act: Callable[[], None]) -> str:
        try:
            start.wait(30)
            act()
            return "done"
        except (PasskeyRefused, LastFactor) as refused:
            return type(refused).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(one, acts))


def test_of_twenty_answers_to_one_challenge_exactly_one_is_taken(now: datetime) -> None:
    alice, key = new_account(now=now), SoftKey(step=0)
    add(alice, key, now)
    answer = key.get(asked(alice, SECOND, now))
    ended = all_at_once([lambda: prove(alice, answer, now)] * 20)
    assert ended == ["PasskeyRefused"] * 19 + ["done"]
    assert len(events("account:second-factor:succeeded")) == 1


def test_of_two_passkeys_removed_at_once_one_stays_where_one_is_required(now: datetime) -> None:
    dora = new_staff(now=now)
    add(dora, SoftKey(), now, name="one")
    add(dora, SoftKey(), now, name="two")
    first, second = (held.id for held in passkeys_of(dora))
    ended = all_at_once([lambda: remove_passkey(dora, first, now), lambda: remove_passkey(dora, second, now)])
    assert ended == ["LastFactor", "done"]
    assert factors_of(dora).has_any
