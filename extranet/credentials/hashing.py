"""Password hashing: costly for a thief of digests, bounded for the machine (IA-5(1)(d), OWASP's numbers).

At most SLOTS hashes run at once in a process (each takes 19 MiB), and as many wait for a moment; who comes later or
waits too long gets HashingBusy, which the web answers with 503 and Retry-After. Nothing is hashed inside a transaction:
on SQLite a writer would hold everybody up.
"""

import base64
import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_bytes
from typing import Protocol, cast

from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    PBKDF2PasswordHasher,
    get_hasher,
    identify_hasher,
    is_password_usable,
    make_password,
    verify_password,
)
from django.db import connection

from extranet.credentials import pepper

SLOTS = max(2, os.cpu_count() or 2)
WAITING = SLOTS  # so many more may wait: one that comes behind these is better told to come back
WAIT_SECONDS = 1.0  # some thirty hashes
LONGEST = 256  # signs; a longer one is refused where it is chosen, and never hashed
_slots, _places = threading.BoundedSemaphore(SLOTS), threading.BoundedSemaphore(SLOTS + WAITING)


class HashingBusy(Exception):
    """All slots stayed taken, or too many wait already; try again after ``retry_after`` seconds."""

    retry_after = 5


class HashedInTransaction(Exception):
    """Somebody hashes inside transaction.atomic(): that would hold writers up for as long as it takes."""


class _Decoying(Protocol):
    def decoy(self) -> str:
        """A hash of nothing at the hasher's present cost, made without hashing."""


class Argon2Hasher(Argon2PasswordHasher):
    """argon2id with t=2, m=19 MiB, p=1: OWASP's first choice."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def decoy(self) -> str:
        cost = f"m={self.memory_cost},t={self.time_cost},p={self.parallelism}"
        return f"{self.algorithm}$argon2id$v=19${cost}${_plain(self.salt().encode())}${_plain(token_bytes(32))}"


class CheapArgon2Hasher(Argon2Hasher):
    """The same algorithm at the least cost, for tests only. The label is the same, so hashes of both verify."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


class Pbkdf2Hasher(PBKDF2PasswordHasher):
    """PBKDF2-HMAC-SHA256 through OpenSSL, for sites that need a FIPS module: OWASP's 600,000 rounds."""

    iterations = 600_000

    def decoy(self) -> str:
        return f"{self.algorithm}${self.iterations}${self.salt()}${base64.b64encode(token_bytes(32)).decode()}"


class CheapPbkdf2Hasher(Pbkdf2Hasher):
    """The same with few rounds, for tests only."""

    iterations = 10


@dataclass(frozen=True)
class Checked:
    """Whether the password was right, and whether its hash should be made anew with today's cost."""

    right: bool
    outdated: bool


def prepared(password: str) -> str:
    """The password as it is hashed: outer blanks forgiven (J24), letters in one Unicode form (SP 800-63B-4)."""
    return unicodedata.normalize("NFKC", password.encode(errors="replace").decode()).strip()


def hash_password(password: str) -> str:
    """What is stored of a password. Slow; raises HashingBusy, HashedInTransaction."""
    key = pepper.in_force()
    with _slot():
        return pepper.together(key, make_password(_peppered(prepared(password), key)))


def check(password: str, encoded: str | None) -> Checked:
    """Compare with a stored hash. Where there is none, the same cost, and never right.

    Raises HashingBusy, HashedInTransaction.
    """
    stored, now_in_force = pepper.apart(encoded or ""), pepper.in_force()
    key = pepper.named(stored.pepper) if stored.pepper else None
    there = _usable(stored.hash) and bool(key) == bool(stored.pepper)
    whole = prepared(password)
    typed = _peppered(whole[:LONGEST], key if there else now_in_force)  # the cost does not grow with what is typed
    with _slot():
        right, outdated = verify_password(typed, stored.hash if there else decoy())
    moved = stored.pepper != (now_in_force.id if now_in_force else "")
    right = right and there and len(whole) <= LONGEST
    return Checked(right, right and (outdated or moved))


def decoy() -> str:
    """Stands in for a hash that is not there: checking it costs what checking one of today costs, and never fits."""
    return cast(_Decoying, get_hasher()).decoy()


def _usable(encoded: str) -> bool:
    try:
        return is_password_usable(encoded) and bool(identify_hasher(encoded))
    except ValueError:
        return False


def _peppered(password: str, key: pepper.Pepper | None) -> str:
    return key.over(password) if key else password


def _plain(raw: bytes) -> str:
    """As argon2 writes bytes down."""
    return base64.b64encode(raw).decode().rstrip("=")


@contextmanager
def _slot() -> Iterator[None]:
    if any(
        not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks
    ):  # a test's frame is no act
        raise HashedInTransaction
    if not _places.acquire(blocking=False):
        raise HashingBusy
    try:
        if not _slots.acquire(timeout=WAIT_SECONDS):
            raise HashingBusy
        try:
            yield
        finally:
            _slots.release()
    finally:
        _places.release()
