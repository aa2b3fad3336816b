"""Password hashing: costly for a thief of digests, bounded for the machine (IA-5(1)(d), OWASP's numbers).

At most SLOTS hashes run at once in a process (each takes 19 MiB); who waits too long gets HashingBusy, which the web
answers with 503 and Retry-After. Hash outside of transactions: on SQLite a writer would hold everybody up.
"""

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.hashers import Argon2PasswordHasher, make_password, verify_password

from extranet.credentials.models import Account

SLOTS = max(2, os.cpu_count() or 2)
WAIT_SECONDS = 5.0
LONGEST = 256  # signs; a longer one is refused where it is chosen, and never hashed
_slots = threading.BoundedSemaphore(SLOTS)


class HashingBusy(Exception):
    """All slots stayed taken; try again after ``retry_after`` seconds."""

    retry_after = 5


class Argon2Hasher(Argon2PasswordHasher):
    """argon2id with t=2, m=19 MiB, p=1: about 25 logins a second on one core."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


class CheapArgon2Hasher(Argon2PasswordHasher):
    """The same algorithm at the least cost, for tests only. The label is the same, so hashes of both verify."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


@dataclass(frozen=True)
class Checked:
    """Whether the password was right, and whether its hash should be made anew with today's cost."""

    right: bool
    outdated: bool


def prepared(password: str) -> str:
    """The password as it is hashed: outer blanks forgiven (J24), letters in one Unicode form (SP 800-63B-4)."""
    return unicodedata.normalize("NFKC", password.encode(errors="replace").decode()).strip()


def hash_password(password: str) -> str:
    """What is stored of a password. Slow; raises HashingBusy."""
    with _slot():
        return make_password(prepared(password))


def check(password: str, encoded: str | None) -> Checked:
    """Compare with a stored hash. The same cost where there is none; raises HashingBusy."""
    with _slot():
        right, outdated = verify_password(prepared(password)[:LONGEST], encoded or "")  # "" burns a hash
    return Checked(right, right and outdated)


def verify_or_burn(account: Account | None, password: str) -> Checked:
    """Check the account's password; an unknown name costs the same time and is never right."""
    return check(password, account.password if account else None)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise HashingBusy
    try:
        yield
    finally:
        _slots.release()
