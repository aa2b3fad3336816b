"""One publication at a time. A lock whose holder was killed on this machine is taken over at once, not when it ends."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from extranet.jobs.leases import Busy, heartbeat, named_lock
from extranet.jobs.models import NamedLock
from extranet.reports.refusals import Conflict

NAME = "publication"
LEASE_SECONDS = 120
BEAT = timedelta(seconds=30)


@contextmanager
def turn(*, now: datetime) -> Iterator[None]:
    """Hold the turn for the block; raises Conflict if a living process has it. Not inside a transaction."""
    _free_if_dead(now)
    try:
        lock = named_lock(NAME, holder=holder(), now=now, seconds=LEASE_SECONDS)
        held = lock.__enter__()
    except Busy as error:
        raise Conflict(f"another publication is running: {error}; try again when it is done") from None
    try:
        with heartbeat(lambda passed: held.renew(now=now + passed, seconds=LEASE_SECONDS), every=BEAT):
            yield
    finally:
        lock.__exit__(None, None, None)


def holder() -> str:
    """This process, told apart from a later one with the same number."""
    return f"{socket.gethostname()[:30]}|{os.getpid()}|{_started(os.getpid())}"


def _free_if_dead(now: datetime) -> None:
    row = NamedLock.objects.filter(name=NAME).first()
    if row is not None and row.lease_until > now and _is_dead(row.holder):
        NamedLock.objects.filter(name=NAME, holder=row.holder).update(lease_until=now)


def _is_dead(mark: str) -> bool:
    """True only for a process of this machine that is certainly gone."""
    parts = mark.partition("#")[0].split("|")
    if len(parts) != 3 or parts[0] != socket.gethostname()[:30] or not parts[1].isdigit():
        return False
    return _started(int(parts[1])) != parts[2]


def _started(pid: int) -> str:
    """When the kernel started that process, in its own ticks; blank if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if not _exists(pid) else "?"
    return stat.rpartition(")")[2].split()[19]


def _exists(pid: int) -> bool:
    """For systems without /proc: there only a missing process counts as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
