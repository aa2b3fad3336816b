"""How far a long act has come: stage, done, total. Shown by whoever started it, and on the staff pages.

``total`` counts what ``done`` counts: bytes of the file while it is read, rows or sealed parts after that.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError

from extranet.reports.models import Publication

Progress = Callable[[str, int, int], None]
UNITS = {"seal": "rows", "reconcile": "sealed parts", "verify": "packs"}
"""What a stage counts. The file is read in bytes or in rows, as its kind allows, so that stage names none."""
TOLD_EVERY = timedelta(seconds=1)


def silent(_stage: str, _done: int, _total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Reached:
    """A stage on its way. ``rate`` a second and ``left`` in seconds, both 0 while there is nothing to reckon with."""

    stage: str
    done: int
    total: int
    rate: float = 0.0
    left: float = 0.0

    @property
    def share(self) -> float:
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0

    @property
    def words(self) -> str:
        """``58,000 of 140,000 rows, 31,200 a second, 3 s left``; blank for a stage that is one step."""
        if not self.is_counted:
            return ""
        unit = UNITS.get(self.stage, "")
        parts = [f"{amount(self.done)} of {amount(self.total)} {unit}".rstrip()]
        if self.rate:
            parts += [f"{amount(self.rate)} a second", f"{time_left(self.left)} left"]
        return ", ".join(parts)

    @property
    def is_counted(self) -> bool:
        """False for a stage that is one step."""
        return self.total > 1


class Pace:
    """Reckons rate and time left of each stage from when it began. ``clock`` gives seconds from any beginning."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._stage, self._began, self._first = clock, "", 0.0, 0

    def reached(self, stage: str, done: int, total: int) -> Reached:
        now = self._clock()
        if stage != self._stage:
            self._stage, self._began, self._first = stage, now, done
        passed, moved = now - self._began, done - self._first
        if passed <= 0 or moved <= 0:
            return Reached(stage, done, total)
        rate = moved / passed
        return Reached(stage, done, total, rate, max(total - done, 0) / rate)


def amount(number: float) -> str:
    """Counted out, from a million on in millions."""
    return f"{number / 1_000_000:,.1f} M" if number >= 1_000_000 else f"{number:,.0f}"


def time_left(seconds: float) -> str:
    """As people say it."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def told(publication_id: UUID, *, clock: Callable[[], datetime], then: Progress = silent) -> Progress:
    """A progress that also stands in the publication's row, for the staff pages: at most once a second, by one plain
    UPDATE. Not inside a transaction: nobody would see it there. ``then`` hears everything first.

    That nobody can look for a moment never ends a publication: a database that is busy is passed over.
    """
    return _Told(publication_id, clock, then)


class _Told:
    def __init__(self, publication_id: UUID, clock: Callable[[], datetime], then: Progress) -> None:
        self._publication_id, self._clock, self._then = publication_id, clock, then
        self._pace = Pace(lambda: clock().timestamp())
        self._written_at: datetime | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        self._then(stage, done, total)
        reached, now = self._pace.reached(stage, done, total), self._clock()
        if self._written_at is None or now - self._written_at >= TOLD_EVERY:
            self._written_at = now
            self._write(reached, now)

    def _write(self, reached: Reached, now: datetime) -> None:
        stored = {
            "stage": reached.stage,
            "done": reached.done,
            "total": reached.total,
            "rate": round(reached.rate, 1),
            "left": round(reached.left),
            "at": now.isoformat(),
        }
        with suppress(OperationalError):
            Publication.objects.filter(id=self._publication_id).update(progress=stored)
