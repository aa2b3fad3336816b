"""What is due by the calendar of the exchange: each moment once, however many workers look, and late after an outage.

After an outage only the newest missed moment of an entry is run: the acts themselves take in all that piled up.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim
from django.db import transaction
from django.db.models import F, Q

from extranet.jobs.leases import elapsed, heartbeat
from extranet.jobs.models import TimetableRun

LEASE = timedelta(minutes=5)
BEAT = timedelta(minutes=1)
FIRST_WAIT = timedelta(minutes=1)  # after a failure; doubled each time
LONGEST_WAIT = timedelta(hours=1)
KEPT = timedelta(days=30)  # of finished runs

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """One line of the timetable. ``cron`` has five fields in the exchange's zone; ``run`` takes the moment, answers in
    a few words (no names), and is safe to repeat."""

    name: str
    cron: str
    run: Callable[[datetime], str]


@dataclass(frozen=True)
class Ran:
    """What came of one entry."""

    name: str
    due_at: datetime
    outcome: str
    failed: bool


def latest_due(cron: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The newest moment at or before ``now`` that the expression names by the clock of the zone, in UTC."""
    local = now.astimezone(zone).replace(microsecond=1)  # read backwards, this very second counts
    return next(CronSim(cron, local, reverse=True)).astimezone(UTC)


def run_due(entries: Sequence[Entry], *, now: datetime, zone: ZoneInfo) -> list[Ran]:
    """Run each entry whose newest due moment was not run yet, in the order of the list. Not inside a transaction.

    A failed or killed run is tried again, later each time, until it succeeds or a newer moment is due. An entry does
    not begin while a living worker still runs it.
    """
    began = time.monotonic()
    ran = []
    for entry in entries:
        moment = now + elapsed(began)
        run = _claim(entry.name, latest_due(entry.cron, now=moment, zone=zone), moment)
        if run is not None:
            ran.append(_run(entry, run, moment))
    return ran


def _claim(name: str, due_at: datetime, now: datetime) -> TimetableRun | None:
    """The run, if it is ours to do: inserted by us, or taken over where its lease ran out."""
    unfinished = TimetableRun.objects.filter(name=name, finished_at__isnull=True)
    with transaction.atomic(durable=True):
        if unfinished.filter(~Q(due_at=due_at), lease_until__gt=now, outcome="").exists():
            return None
        run, ours = TimetableRun.objects.get_or_create(
            name=name, due_at=due_at, defaults={"started_at": now, "lease_until": now + LEASE}
        )
        if not ours:
            free = unfinished.filter(id=run.id, lease_until__lte=now)
            again = free.update(lease_until=now + LEASE, started_at=now, attempts=F("attempts") + 1, outcome="")
            if not again:
                return None
            run.refresh_from_db()
    return run


def _run(entry: Entry, run: TimetableRun, now: datetime) -> Ran:
    began = time.monotonic()
    attempt = TimetableRun.objects.filter(id=run.id, attempts=run.attempts)
    try:
        with heartbeat(lambda passed: attempt.update(lease_until=now + passed + LEASE), every=BEAT):
            outcome = entry.run(now)
    except Exception as error:  # one broken entry must not stop the others
        return _failed(entry, run, error, now + elapsed(began))
    ended = now + elapsed(began)
    attempt.update(finished_at=ended, outcome=outcome[:200])
    TimetableRun.objects.filter(name=entry.name, finished_at__lt=ended - KEPT).delete()
    log.info("timetable ran", entry=entry.name, due_at=run.due_at.isoformat(), outcome=outcome[:200])
    return Ran(entry.name, run.due_at, outcome[:200], failed=False)


def _failed(entry: Entry, run: TimetableRun, error: Exception, now: datetime) -> Ran:
    """Only the error's name is kept: messages may repeat data."""
    outcome = f"failed: {type(error).__name__}"
    wait = min(FIRST_WAIT * 2 ** min(run.attempts - 1, 10), LONGEST_WAIT)
    jitter = timedelta(seconds=secrets.randbelow(10))
    mine = TimetableRun.objects.filter(id=run.id, attempts=run.attempts)
    mine.update(lease_until=now + wait + jitter, outcome=outcome)
    log.error("timetable failed", entry=entry.name, due_at=run.due_at.isoformat(), outcome=outcome, exc_info=error)
    return Ran(entry.name, run.due_at, outcome, failed=True)
