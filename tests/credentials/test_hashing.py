"""Hashing: today's cost, the same work for unknown names, a bounded number at once, under a pepper if there is one."""

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.hashers import get_hasher, verify_password
from django.db import transaction
from pytest_django import Settings

from extranet.credentials import hashing, pepper
from extranet.credentials.hashing import HashedInTransaction, HashingBusy, check, hash_password
from extranet.credentials.models import Account
from extranet.vault.keys import KeyRefused
from tests.credentials.people import new_account

REAL = "extranet.credentials.hashing.Argon2Hasher"
FIPS = "extranet.credentials.hashing.Pbkdf2Hasher"


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
    assert not check("wrong wrong wrong", alice.password).right
    known = len(costs)
    assert not check("wrong wrong wrong", "").right
    assert (known, len(costs) - known) == (1, 1)


@pytest.mark.django_db
def test_an_account_without_a_password_lets_nothing_in(now: datetime) -> None:
    for stored in ("", "!unusable"):
        for typed in ("", "!", "!unusable"):
            assert not check(typed, stored).right


def test_who_finds_all_slots_taken_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "WAIT_SECONDS", 0.01)
    with taken(hashing._slots, hashing.SLOTS), pytest.raises(HashingBusy) as busy:
        hash_password("violet kettle")
    assert busy.value.retry_after > 0
    with ThreadPoolExecutor(hashing.SLOTS) as pool:  # and the slots come back
        assert len(list(pool.map(hash_password, ["violet kettle"] * 16))) == 16


def test_few_wait_and_who_comes_behind_them_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "WAIT_SECONDS", 3600)  # who waited here would never come back
    with taken(hashing._places, hashing.SLOTS + hashing.WAITING), pytest.raises(HashingBusy):
        hash_password("violet kettle")
    assert hash_password("violet kettle")


@contextmanager
def taken(places: threading.BoundedSemaphore, number: int) -> Iterator[None]:
    assert all(places.acquire(blocking=False) for _ in range(number))
    try:
        yield
    finally:
        places.release(number)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_hashed_inside_a_transaction() -> None:
    """Held by the hashing itself, so every act of every test would find an offender."""
    encoded = hash_password("violet kettle")
    for hashes in (lambda: hash_password("violet kettle"), lambda: check("violet kettle", encoded)):
        with transaction.atomic(), pytest.raises(HashedInTransaction):
            hashes()
    assert check("violet kettle", encoded).right


@pytest.mark.django_db
def test_nor_inside_a_transaction_in_the_frame_of_a_test() -> None:
    with transaction.atomic(), pytest.raises(HashedInTransaction):
        hash_password("violet kettle")


# The option for sites that need a FIPS module


def test_the_other_option_is_pbkdf2_with_the_rounds_that_owasp_asks_for(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [FIPS, REAL]
    encoded = hash_password("violet kettle")
    assert encoded.startswith("pbkdf2_sha256$600000$")
    assert check("violet kettle", encoded) == hashing.Checked(right=True, outdated=False)


def test_after_the_option_changes_the_old_hash_verifies_and_is_outdated(settings: Settings) -> None:
    argon2 = hash_password("violet kettle")
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
    assert hash_password("violet kettle").startswith("pbkdf2_sha256$")
    assert check("violet kettle", argon2) == hashing.Checked(right=True, outdated=True)
    assert check("violet cattle", argon2) == hashing.Checked(right=False, outdated=False)


@pytest.mark.parametrize(("option", "hasher"), [("argon2id", "Argon2Hasher"), ("pbkdf2", "Pbkdf2Hasher")])
def test_the_environment_chooses(option: str, hasher: str) -> None:
    told = {**os.environ, "EXTRANET_PASSWORD_HASH": option}
    code = "from extranet.settings import PASSWORD_HASHERS as h; print(*h)"
    printed = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True).stdout
    first, other = printed.split()
    assert first.endswith(f".{hasher}")
    assert other != first


# Peppers


def peppers(settings: Settings, *keys: int) -> None:
    texts = [base64.b64encode(bytes([key]) * 32).decode() for key in keys]
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"password_pepper": " ".join(texts)})


def test_under_a_pepper_the_stored_hash_is_of_no_use_without_it(settings: Settings) -> None:
    peppers(settings, 1)
    encoded = hash_password("violet kettle")
    assert encoded.startswith("pepper_")
    assert len(encoded) <= (Account._meta.get_field("password").max_length or 0)
    assert check("violet kettle", encoded) == hashing.Checked(right=True, outdated=False)
    assert not verify_password("violet kettle", encoded.partition("$")[2])[0]  # what a thief of the rows would try
    peppers(settings, 2)
    assert check("violet kettle", encoded) == hashing.Checked(right=False, outdated=False)
    peppers(settings)
    assert not check("violet kettle", encoded).right


def test_a_new_pepper_goes_to_the_front_and_hashes_move_at_login(settings: Settings) -> None:
    plain = hash_password("violet kettle")
    peppers(settings, 1)
    first = hash_password("violet kettle")
    assert check("violet kettle", plain) == hashing.Checked(right=True, outdated=True)
    peppers(settings, 2, 1)
    assert check("violet kettle", first) == hashing.Checked(right=True, outdated=True)
    assert hash_password("violet kettle").partition("$")[0] != first.partition("$")[0]


def test_peppers_may_lie_in_a_file(settings: Settings, data_folder: Path) -> None:
    (data_folder / "keys").mkdir()
    (data_folder / "keys" / "pepper").write_text(base64.b64encode(b"p" * 32).decode() + "\n")
    encoded = hash_password("violet kettle")
    assert encoded.startswith("pepper_")
    assert check("violet kettle", encoded).right


def test_what_is_no_pepper_is_refused_and_not_repeated(settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"password_pepper": "c2hvcnQ="})
    with pytest.raises(KeyRefused) as refused:
        hash_password("violet kettle")
    assert "c2hvcnQ" not in str(refused.value)


@pytest.mark.django_db
def test_a_lost_pepper_is_named(alice: Account, now: datetime, settings: Settings) -> None:
    peppers(settings, 1)
    bob = new_account("4000002", now=now)
    assert pepper.lost() == []
    peppers(settings)
    assert pepper.lost() == [pepper.apart(bob.password).pepper]


def test_what_stands_in_for_a_missing_hash_has_the_present_cost(settings: Settings) -> None:
    for hashers in ([REAL], [FIPS], settings.PASSWORD_HASHERS):
        settings.PASSWORD_HASHERS = hashers
        assert not get_hasher().must_update(hashing.decoy())
        assert len(hashing.decoy()) == len(get_hasher().encode("violet kettle", "s" * 22))
        assert not get_hasher().verify("violet kettle", hashing.decoy())


def test_nothing_may_follow_the_longest_password() -> None:
    longest = "v" * hashing.LONGEST
    encoded = hash_password(longest)
    assert check(longest, encoded).right
    assert check(f"{longest}x", encoded) == hashing.Checked(right=False, outdated=False)
