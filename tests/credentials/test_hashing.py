"""Hashing: today's cost, the same work for unknown names, a bounded number at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from pytest_django import Settings

from extranet.credentials import hashing
from extranet.credentials.hashing import HashingBusy, check, hash_password, verify_or_burn
from extranet.credentials.models import Account

REAL = "extranet.credentials.hashing.Argon2Hasher"


def test_the_stored_hash_is_argon2id_with_the_cost_that_owasp_asks_for(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [REAL]
    assert hash_password("violet kettle").startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_of_another_cost_still_verifies_and_is_called_outdated(settings: Settings) -> None:
    cheap = hash_password("violet kettle")
    assert check("violet kettle", cheap) == hashing.Checked(right=True, outdated=False)
    settings.PASSWORD_HASHERS = [REAL]
    assert check("violet kettle", cheap) == hashing.Checked(right=True, outdated=True)
    assert check("violet cattle", cheap) == hashing.Checked(right=False, outdated=False)


def test_outer_blanks_and_unicode_forms_are_forgiven_inner_blanks_are_not() -> None:
    encoded = hash_password(" caf\u00e9 con leche\t")
    assert check("cafe\u0301 con leche \n", encoded).right
    assert not check("caf\u00e9con leche", encoded).right


@pytest.mark.django_db
def test_an_unknown_name_costs_a_hash_too(alice: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in hashes, because time on a busy machine proves nothing."""
    costs: list[str] = []
    for method in ("verify", "encode"):
        real = getattr(hashing.CheapArgon2Hasher, method)

        def counted(self: object, *args: object, _real: object = real, _name: str = method) -> object:
            costs.append(_name)
            return _real(self, *args)  # type: ignore[operator]  # the real work is done

        monkeypatch.setattr(hashing.CheapArgon2Hasher, method, counted)
    assert not verify_or_burn(alice, "wrong wrong wrong").right
    known = len(costs)
    assert not verify_or_burn(None, "wrong wrong wrong").right
    assert (known, len(costs) - known) == (1, 1)


@pytest.mark.django_db
def test_an_account_without_a_password_lets_nothing_in(now: datetime) -> None:
    for stored in ("", "!unusable"):
        for typed in ("", "!", "!unusable"):
            assert not verify_or_burn(Account(password=stored), typed).right


def test_who_finds_all_slots_taken_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "WAIT_SECONDS", 0.01)
    taken = [hashing._slots.acquire(blocking=False) for _ in range(hashing.SLOTS)]
    try:
        assert all(taken)
        with pytest.raises(HashingBusy) as busy:
            hash_password("violet kettle")
        assert busy.value.retry_after > 0
    finally:
        for _ in taken:
            hashing._slots.release()
    with ThreadPoolExecutor(8) as pool:  # and the slots come back
        assert len(list(pool.map(hash_password, ["violet kettle"] * 16))) == 16
