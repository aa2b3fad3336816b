"""One publication at a time. A lock whose holder was killed on this machine is taken over at once, not when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from extranet.jobs.leases import Busy, heartbeat, named_lock
from extranet.jobs.models import NamedLock
from extranet.reports.refusals import Conflict
from extranet.vault.processes import is_gone, own_mark

NAME = "publication"
LEASE_SECONDS = 120
BEAT = timedelta(seconds=30)


@contextmanager
def turn(*, now: datetime) -> Iterator[None]:
    """Hold the turn for the block; raises Conflict if a living process has it. Not inside a transaction."""
    _free_if_dead(now)
    try:
        lock = named_lock(NAME, holder=own_mark(), now=now, seconds=LEASE_SECONDS)
        held = lock.__enter__()
    except Busy as error:
        raise Conflict(f"another publication is running: {error}; try again when it is done") from None
    try:
        with heartbeat(lambda passed: held.renew(now=now + passed, seconds=LEASE_SECONDS), every=BEAT):
            yield
    finally:
        lock.__exit__(None, None, None)


def _free_if_dead(now: datetime) -> None:
    row = NamedLock.objects.filter(name=NAME).first()
    if row is not None and row.lease_until > now and is_gone(row.holder.partition("#")[0]):
        NamedLock.objects.filter(name=NAME, holder=row.holder).update(lease_until=now)
