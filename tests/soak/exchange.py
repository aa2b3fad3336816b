"""The exchange of the simulated year: who is on the roster each Monday, drawn from a seed. Nobody here is real."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

CERTIFIED, SUSPENDED, DECERTIFIED, PENDING = "certified", "suspended", "decertified", "pending"
HEADERS = (
    "License Number",
    "NPN",
    "First Name",
    "Last Name",
    "E-mail Address",
    "Telephone",
    "Agency Name",
    "Agency License",
    "Role",
    "Certification Status",
    "Status Date",
    "Certified On",
)
FIRST = ("Alma", "Boris", "Chen", "Dolores", "Emeka", "Farah", "Goran", "Hana", "Ilse", "José", "Kalani", "Lan")
LAST = ("Abbott", "Bui", "Castañeda", "Doe-Marsh", "Eze", "Feld", "Garcia", "Hu", "Ito", "Jansen", "Khan", "O'Leary")
DEAD_SHARE, QUIET_WEEKS = 0.03, 1


@dataclass
class Person:
    """One agent as the exchange knows them."""

    number: int
    license: str
    first_name: str
    last_name: str
    email: str
    status: str
    status_on: date
    certified_on: date | None
    listed: bool = True
    touched: int = 0  # week of the last change: one at a time, so that none replaces another
    emails: int = 0
    licenses: list[str] = field(default_factory=list)

    @property
    def is_certified(self) -> bool:
        return self.listed and self.status == CERTIFIED

    @property
    def is_dead(self) -> bool:
        return self.email.startswith("dead")


class Exchange:
    """Grows from a part of its agents to all of them over the weeks, and moves on every Monday.

    ``pace``: how many times more often something happens to an agent than in a real year; a short one needs it.
    """

    def __init__(self, *, agents: int, weeks: int, seed: int, first_monday: date) -> None:
        self.pace = max(1.0, 26 / weeks)
        self.chance = random.Random(f"exchange:{seed}")
        self.people: list[Person] = []
        self._next = 0
        beginning = max(6, round(agents * 0.6))
        self._a_week = max(1, round((agents - beginning) / max(weeks, 1)))
        self._most = agents
        for _ in range(beginning):
            since = first_monday - timedelta(days=self.chance.choice((400, 90, 5, 2, 1, 0)))
            self._add(CERTIFIED if self.chance.random() < 0.95 else SUSPENDED, since)

    def _add(self, status: str, since: date) -> Person:
        self._next += 1
        number = self._next
        dead = self.chance.random() < DEAD_SHARE
        person = Person(
            number=number,
            license=f"4{number:06}",
            first_name=self.chance.choice(FIRST),
            last_name=self.chance.choice(LAST),
            email=f"{'dead' if dead else 'agent'}{number}@agents.test",
            status=status,
            status_on=since,
            certified_on=since if status != PENDING else None,
        )
        person.licenses.append(person.license)
        self.people.append(person)
        return person

    def move_on(self, week: int, monday: date) -> list[tuple[Person, str]]:
        """What happened since the last Monday; those who get another license number, and which."""
        renamed: list[tuple[Person, str]] = []
        for person in self.people:
            if week - person.touched >= QUIET_WEEKS and person.listed:
                new = self._something(person, week, monday)
                if new:
                    renamed.append((person, new))
        for _ in range(self._a_week):
            if len(self.people) < self._most:
                status = CERTIFIED if self.chance.random() < 0.9 else PENDING
                self._add(status, monday - timedelta(days=self.chance.randrange(0, 7)))
        return renamed

    def _something(self, person: Person, week: int, monday: date) -> str:
        """At most one thing a person and week; the new license number, if that is it."""
        day, lot = monday - timedelta(days=self.chance.randrange(0, 5)), self.chance.random() / self.pace
        before = (person.status, person.listed, person.email, person.license)
        if person.status in (PENDING, SUSPENDED):
            if lot < 0.3:
                person.status, person.status_on, person.certified_on = CERTIFIED, day, person.certified_on or day
        elif lot < (0.1 if person.is_dead else 0.008):
            person.emails += 1
            person.email = f"agent{person.number}.{person.emails}@agents.test"
        elif lot < 0.011 and person.status == CERTIFIED:
            person.status, person.status_on = (SUSPENDED if lot < 0.0095 else DECERTIFIED), day
        elif lot < 0.012:
            person.listed = False
        elif lot < 0.015 and person.license.startswith("4"):
            person.license = f"5{person.number:06}"
            person.licenses.append(person.license)
        if before != (person.status, person.listed, person.email, person.license):
            person.touched = week
        return person.license if person.license != before[3] else ""

    def write(self, file: Path) -> None:
        """The roster of this Monday, a full snapshot."""
        with file.open("w", newline="", encoding="utf-8") as stream:
            rows = csv.writer(stream)
            rows.writerow(HEADERS)
            rows.writerows(_rows(self.people))

    def snapshot(self) -> dict[int, tuple[str, str, date | None, str]]:
        """Status, address, day of certification and license of everybody, as the roster says it."""
        return {
            person.number: (
                person.status if person.listed else DECERTIFIED,
                person.email,
                person.certified_on,
                person.license,
            )
            for person in self.people
        }


def _rows(people: list[Person]) -> Iterator[tuple[str, ...]]:
    for one in people:
        if one.listed:
            certified_on = one.certified_on.isoformat() if one.certified_on else ""
            names = (one.license, str(one.number), one.first_name, one.last_name, one.email, "", "", "")
            yield (*names, "agent", one.status, one.status_on.isoformat(), certified_on)
