"""Five years of an account as a list of episodes, and what its owner must have been told: plain dates, no code of ours.

A life is played against the real functions by test_ladder_for_years.py; ``Expected`` is told the same moments.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

ZONE = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
YEARS = timedelta(days=5 * 365 + 2)
POLICIES: tuple[tuple[int | None, tuple[int, ...]], ...] = (
    (60, (10,)),
    (60, (10, 5, 3, 1)),
    (60, (14, 7, 1)),
    (60, (5,)),
    (180, (10, 5, 3, 1)),
    (None, ()),
)


class Episode(NamedTuple):
    """Something that happens, and how long it lasts or how far it goes, in hours."""

    what: str
    hours: int = 0


_HOURS = st.integers(1, 24 * 24)
EPISODES = st.one_of(
    st.builds(Episode, st.just("quiet"), st.integers(24, 24 * 40)),  # the runner runs, nobody comes
    st.builds(Episode, st.just("outage"), _HOURS),  # the runner is away
    st.builds(Episode, st.just("clock forward"), _HOURS),  # a run under a wrong clock, which is then set right
    st.builds(Episode, st.just("clock back"), _HOURS),
    st.builds(Episode, st.just("policy"), st.integers(0, len(POLICIES) - 1)),
    st.builds(Episode, st.sampled_from(["change", "reset", "login", "twice", "at once", "deliver", "suspend"])),
)
LIVES = st.lists(EPISODES, min_size=12, max_size=40)


class Told(NamedTuple):
    """One warning: of which password, at which rung, posted when, with which number of days."""

    serial: int
    rung: int
    at: datetime
    days: int


@dataclass
class Expected:
    """What the owner must have been told so far."""

    told: list[Told] = field(default_factory=list)
    serial: int = 0
    last_day: date | None = None
    wakes: bool = True  # certified
    rungs: tuple[int, ...] = (10,)

    def password(self, at: datetime, good_for: int | None) -> None:
        self.serial += 1
        self.last_day = None if good_for is None else at.astimezone(ZONE).date() + timedelta(days=good_for)

    def run(self, at: datetime) -> None:
        """A run of the expiry at that moment: at most one mail, of the lowest rung that is neither future nor said."""
        rung, left = self.in_force(at)
        said = min((told.days for told in self.told if told.serial == self.serial), default=None)
        if rung is not None and self.wakes and (said is None or said > rung):
            self.told.append(Told(self.serial, rung, at, left))

    def in_force(self, at: datetime) -> tuple[int | None, int]:
        """The lowest rung reached, and the days left: the day of the ladder begins at eight by the wall."""
        if self.last_day is None:
            return None, 0
        wall = at.astimezone(ZONE)
        left = (self.last_day - wall.date()).days
        by_eight = left if wall.hour >= 8 else left + 1
        reached = [rung for rung in self.rungs if by_eight <= rung]
        return (min(reached) if reached and left >= 0 else None), left
