"""The worker: tasks, mails, the seal on the trail and the timetable, each in its turn, until it is told to stop."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import close_old_connections
from django.utils import timezone

from extranet import timetable
from extranet.audit.chain import seal
from extranet.credentials.sessions import keep_time
from extranet.jobs.worker import work_once
from extranet.mail.delivery import deliver_due

AFTER_FAILURE = 30.0  # seconds until a failed duty is tried again: enough for a database to come back
BREATH = 0.2  # seconds

log = structlog.get_logger(__name__)


@dataclass
class Duty:
    """One thing that is done again and again. ``every`` in seconds."""

    name: str
    every: float
    act: Callable[[datetime], object]
    next_at: float = 0.0

    def do(self) -> None:
        """Do it if its time has come; a failure is logged and must not stop the other duties."""
        if time.monotonic() < self.next_at:
            return
        wait = self.every
        try:
            self.act(timezone.now())
        except Exception as error:
            log.error("duty failed", duty=self.name, exc_info=error)
            wait = max(self.every, AFTER_FAILURE)
        self.next_at = time.monotonic() + wait


def duties() -> list[Duty]:
    """All that a worker does; several workers may run at a time."""
    return [
        Duty("timetable", 15, lambda now: timetable.due(now=now)),
        Duty("tasks", 1, lambda now: work_once(now=now)),
        Duty("mail", 1, lambda now: deliver_due(now=now)),
        Duty("seal", 1, lambda now: seal(now=now)),
        Duty("sessions", 30, lambda now: keep_time(now=now)),  # not in the timetable, which a clock set back stops
    ]


def work(rounds: Sequence[Duty] | None = None) -> None:
    """Work until SIGTERM or SIGINT; what has begun is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    todo = duties() if rounds is None else rounds
    log.info("worker started")
    while not stop.is_set():
        for duty in todo:
            if not stop.is_set():
                close_old_connections()
                duty.do()
        stop.wait(BREATH)
    log.info("worker stopped")
