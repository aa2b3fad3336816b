"""How many requests wait, and how many too long (J30)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from extranet.service_center.queue import waiting


@dataclass(frozen=True)
class Counts:
    """Open requests by their clock; a request is in exactly one."""

    running: int
    due: int
    overdue: int

    @property
    def open(self) -> int:
        return self.running + self.due + self.overdue


def counts(*, now: datetime) -> Counts:
    """Where the queue stands now."""
    clocks = Counter(line.clock for line in waiting(now=now))
    return Counts(running=clocks["running"], due=clocks["due"], overdue=clocks["overdue"])
