"""When the site runs, and what befalls it: quarters of the year, outages of the relay and of the site."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEVER = datetime.min.replace(tzinfo=UTC)
MONDAY = ((5, 30), (6, 0), (6, 15), (6, 45), (8, 15), (9, 30), (12, 0), (17, 0))
OTHER_DAY = ((8, 15), (17, 30))


SETTLING = 9  # days at the end in which nobody comes and nothing breaks: a mail is given up after seven


def quarters(first: datetime, weeks: int, zone: ZoneInfo) -> Iterator[tuple[int, datetime]]:
    """Week and moment (UTC) of each look at the timetable; Mondays are dense."""
    for day in range(weeks * 7 + SETTLING):
        date = (first + timedelta(days=day)).date()
        hours = MONDAY if day % 7 == 0 and day < weeks * 7 else OTHER_DAY
        for hour, minute in hours:
            yield day // 7, datetime.combine(date, time(hour, minute), tzinfo=zone).astimezone(UTC)


@dataclass
class Weather:
    """Outages begin by chance; one of each is certain, on the second Monday."""

    chance: random.Random
    pace: float
    relay_until: datetime = NEVER
    site_until: datetime = NEVER
    relay_outages: int = 0
    site_outages: int = 0

    def look(self, week: int, now: datetime, *, monday_at_six: bool) -> None:
        if now >= self.relay_until and (self.chance.random() < 0.012 * self.pace or (week == 1 and monday_at_six)):
            self.relay_until = now + timedelta(hours=self.chance.choice((1, 6, 26, 50)))
            self.relay_outages += 1
        certain = week == 1 and monday_at_six
        if now >= self.site_until and (self.chance.random() < 0.006 * self.pace or certain):
            self.site_until = now + timedelta(hours=self.chance.choice((3, 14, 30, 70)))
            self.site_outages += 1
