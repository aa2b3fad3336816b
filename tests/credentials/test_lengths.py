"""How long a secret may be, and must be."""

import math
import string
from datetime import datetime

import pytest

from extranet.audit.record import Actor
from extranet.credentials.change_password import change
from extranet.credentials.models import Account
from extranet.credentials.session_store import SessionStore
from tests.credentials.people import CHOSEN, HOME, try_login

pytestmark = pytest.mark.django_db
PHRASE = " ".join(
    f"{word} kettle {word[::-1]} ambulance" for word in ("violet", "hammock", "gravel", "tuba", "lantern")
)


def test_a_long_phrase_of_two_hundred_signs_is_taken_and_works(alice: Account, now: datetime) -> None:
    long = f"{PHRASE} {PHRASE[::-1]}"[:200].strip()
    assert len(long) > 190
    by = Actor(alice.kind, alice.username, HOME)
    change(account=alice, old=CHOSEN, new=long, now=now, by=by)
    assert try_login(alice, long, now=now).account == alice
    with pytest.raises(Exception, match="wrong"):
        try_login(alice, long[:-1], now=now)


def test_a_session_key_has_at_least_128_random_bits() -> None:
    keys = []
    for _ in range(50):
        store = SessionStore()
        store.create()
        keys.append(store.session_key or "")
    signs = set(string.ascii_lowercase + string.digits)
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {32}
    assert set("".join(keys)) <= signs
    assert len(set("".join(keys))) > 30, "drawn from all of them"
    assert 32 * math.log2(len(signs)) > 128
