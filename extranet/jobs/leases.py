"""Leases: what is held until a moment, renewed while its holder lives, free again when it was killed."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, connection, transaction

from extranet.jobs.models import NamedLock

HOLDER_LENGTH = 60  # of the 80 stored; the rest tells two uses by one holder apart


class Busy(Exception):
    """Somebody else holds it; the message names the lock, the holder and until when."""


@dataclass(frozen=True)
class Held:
    """A lock in our hands."""

    name: str
    mark: str

    def renew(self, *, now: datetime, seconds: int) -> bool:
        """Hold it longer; False if it ran out and somebody else took it: stop then."""
        mine = NamedLock.objects.filter(name=self.name, holder=self.mark)
        return mine.update(lease_until=now + timedelta(seconds=seconds)) == 1


@contextlib.contextmanager
def named_lock(name: str, *, holder: str, now: datetime, seconds: int) -> Iterator[Held]:
    """Hold the name for the block, at most ``seconds`` unless renewed; raises Busy. Not inside a transaction.

    A killed holder's lock is free when its seconds are over. Two uses by one holder exclude each other too.
    """
    held = Held(name, f"{holder[:HOLDER_LENGTH]}#{secrets.token_hex(6)}")
    if not _take(held, now, now + timedelta(seconds=seconds)):
        row = NamedLock.objects.filter(name=name).first()
        other = f" by {row.holder.partition('#')[0]} until {row.lease_until:%H:%M:%S} UTC" if row else ""
        raise Busy(f"{name} is held{other}")
    try:
        yield held
    finally:
        NamedLock.objects.filter(name=name, holder=held.mark).update(holder="", lease_until=now)


@contextlib.contextmanager
def heartbeat(renew: Callable[[timedelta], object], *, every: timedelta) -> Iterator[None]:
    """Call ``renew`` with the time that passed, again and again while the block runs, from a thread of its own."""
    done, began = threading.Event(), time.monotonic()

    def beat() -> None:
        while not done.wait(every.total_seconds()):
            with contextlib.suppress(DatabaseError):  # busy now: the lease outlives several beats
                renew(elapsed(began))
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def elapsed(began: float) -> timedelta:
    """Whole seconds since a reading of the monotonic clock."""
    return timedelta(seconds=int(time.monotonic() - began))


def _take(held: Held, now: datetime, until: datetime) -> bool:
    try:
        with transaction.atomic(durable=True):
            free = NamedLock.objects.filter(name=held.name, lease_until__lte=now)
            if free.update(holder=held.mark, lease_until=until):
                return True
            if NamedLock.objects.filter(name=held.name).exists():
                return False
            NamedLock.objects.create(name=held.name, holder=held.mark, lease_until=until)
            return True
    except IntegrityError:  # taken between our look and our insert
        return False
