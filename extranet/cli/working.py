"""The worker: tasks, mails, the seal on the trail and the timetable, each in its turn, until it is told to stop."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import close_old_connections, connection
from django.utils import timezone

from extranet import timetable
from extranet.audit.chain import seal
from extranet.credentials.sessions import keep_time
from extranet.jobs.worker import work_once
from extranet.mail.delivery import deliver_due

AFTER_FAILURE = 30.0  # seconds until a failed duty is tried again: enough for a database to come back
BREATH = 0.2  # seconds
LAST_WORDS = 3.0  # seconds for a mail that is on its way when the worker is told to stop
WHEN_DOWN = timedelta(seconds=15)  # until a mail server that is away is asked again

log = structlog.get_logger(__name__)


@dataclass
class Duty:
    """One thing that is done again and again. ``every`` in seconds; ``act`` may ask to rest for longer.

    ``apart``: it has a thread of its own, because it waits for somebody else and must not keep the others waiting.
    """

    name: str
    every: float
    act: Callable[[datetime], timedelta | None]
    apart: bool = False
    next_at: float = 0.0

    def do(self) -> None:
        """Do it if its time has come; a failure is logged and must not stop the other duties."""
        if time.monotonic() < self.next_at:
            return
        wait = self.every
        try:
            rest = self.act(timezone.now())
            wait = max(wait, rest.total_seconds()) if rest is not None else wait
        except Exception as error:
            log.error("duty failed", duty=self.name, exc_info=error)
            wait = max(self.every, AFTER_FAILURE)
        self.next_at = time.monotonic() + wait


def duties(stop: threading.Event) -> list[Duty]:
    """All that a worker does; several workers may run at a time."""
    return [
        Duty("timetable", 15, _then_on(lambda now: timetable.due(now=now))),
        Duty("tasks", 1, _then_on(lambda now: work_once(now=now))),
        Duty("mail", 1, lambda now: _deliver(now, stop), apart=True),
        Duty("seal", 1, _then_on(lambda now: seal(now=now))),
        Duty("sessions", 30, _then_on(lambda now: keep_time(now=now))),  # the timetable stops at a clock set back
    ]


def work(rounds: Sequence[Duty] | None = None) -> None:
    """Work until SIGTERM or SIGINT; what has begun is finished first, but for a server that keeps mail waiting."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    todo = duties(stop) if rounds is None else rounds
    log.info("worker started")
    threads = [threading.Thread(target=_rounds, args=([duty], stop), daemon=True) for duty in todo if duty.apart]
    for thread in threads:
        thread.start()
    _rounds([duty for duty in todo if not duty.apart], stop)
    for thread in threads:
        thread.join(LAST_WORDS)
    log.info("worker stopped")


def _rounds(todo: Sequence[Duty], stop: threading.Event) -> None:
    while not stop.is_set():
        for duty in todo:
            if not stop.is_set():
                close_old_connections()
                duty.do()
        stop.wait(BREATH)
    connection.close()


def _deliver(now: datetime, stop: threading.Event) -> timedelta | None:
    return WHEN_DOWN if deliver_due(now=now, stop=stop.is_set).down else None


def _then_on(act: Callable[[datetime], object]) -> Callable[[datetime], None]:
    """What it answers is for the command line."""

    def acting(now: datetime) -> None:
        act(now)

    return acting
