"""Which mails each agent must have got: plain Python over what happened, without a line of the code that is tried.

It is told the rosters, the moments at which the site ran, and what people did and saw; it knows the job aid. All that
happens within a quarter of an hour counts as one moment: a killed act is run again before the next.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
WAIT = timedelta(hours=72)
CERTIFIED = "certified"
Snapshot = dict[int, tuple[str, str, date | None, str]]


class Sig(NamedTuple):
    """One mail: to which agent, of which kind, and which of that kind."""

    number: int
    kind: str
    cycle: str


@dataclass
class Due:
    """A mail that must have been posted in that quarter, to one of these addresses."""

    at: datetime
    to: set[str]


@dataclass
class Known:
    """One agent, as far as mails go."""

    number: int
    status: str
    email: str
    roster_email: str
    license: str
    certified_on: date | None
    existing: bool = False
    has_account: bool = False
    serial: int = 0
    last_day: date | None = None
    ended: list[tuple[datetime, str]] = field(default_factory=list)  # when a password ended, and by what
    said: list[int] = field(default_factory=list)  # days told of the password in force
    moving: tuple[datetime, str] | None = None  # a change of address: asked when, to what
    moved_at: list[datetime] = field(default_factory=list)
    also: str = ""  # the other address, in the quarter in which one takes over from the other
    names: set[str] = field(default_factory=set)


class Expected:
    """Fed in the order of the year; ``mails`` is the answer."""

    def __init__(self, *, zone: ZoneInfo, life: int, rungs: tuple[int, ...], moved: set[tuple[int, datetime]]) -> None:
        self.zone, self.life, self.rungs, self._moved = zone, life, rungs, moved  # life: days of a chosen password
        self.agents: dict[int, Known] = {}
        self.mails: dict[Sig, Due] = {}
        self._onboarded: datetime | None = None

    def roster(self, at: datetime, snapshot: Snapshot, cutover: date | None) -> None:
        for number, (status, email, certified_on, license) in snapshot.items():
            known = self.agents.get(number)
            if known is None:
                known = Known(number, status, email, email, license, certified_on)
                self.agents[number] = known
            known.status, known.license = status, license
            known.certified_on = known.certified_on or certified_on
            known.names |= {license, f"CC_{license}"}
            if cutover and known.certified_on and known.certified_on < cutover:
                known.existing = True
            if email != known.roster_email:
                known.roster_email, known.moving = email, (at, email)
                self._post(known, "email_change_old", at.isoformat(), at, {known.email})
                self._post(known, "email_change_new", at.isoformat(), at, {email})

    def ran(self, at: datetime) -> None:
        """Everything of the timetable that was due at that moment."""
        for known in self.agents.values():
            known.also = known.moving[1] if known.moving and at >= known.moving[0] + WAIT else ""
        self._onboard(at)
        for known in self.agents.values():
            self._warn(known, at)
            self._lock(known, at)
            self._move(known, at)

    def did(self, at: datetime, number: int, what: str) -> None:
        """What somebody was told that they did."""
        known = self.agents[number]
        if what == "asked" and known.has_account and known.status == CERTIFIED:
            self._post(known, "reset_link", at.isoformat(), at)
        elif what == "changed":
            self._new_password(known, at, what, at.astimezone(self.zone).date() + timedelta(days=self.life))
            self._post(known, "password_changed", str(known.serial), at)
        elif what == "claimed":
            self._new_password(known, at, what, None)
            self._post(known, "password_was_reset", str(known.serial), at)
        elif what == "issued":
            self._new_password(known, at, what, None)
            self._post(known, "password", str(known.serial), at)

    def _new_password(self, known: Known, at: datetime, what: str, last_day: date | None) -> None:
        known.serial, known.last_day, known.said = known.serial + 1, last_day, []
        known.ended.append((at, what))

    def _onboard(self, at: datetime) -> None:
        """On Monday at six, or as soon as somebody runs it afterwards: all certified before that day."""
        today = at.astimezone(self.zone)
        monday = (today - timedelta(days=today.weekday())).replace(hour=6, minute=0, second=0, microsecond=0)
        if monday > today:
            monday -= timedelta(days=7)
        if self._onboarded is not None and monday <= self._onboarded:
            return
        self._onboarded = monday
        for known in self.agents.values():
            before = known.certified_on is not None and known.certified_on < today.date()
            if known.status == CERTIFIED and before and not known.has_account:
                known.has_account = True
                if not known.existing:
                    known.serial = 1
                    for kind in ("introduction", "username", "password"):
                        self._post(known, kind, "1", at)

    def _warn(self, known: Known, at: datetime) -> None:
        if known.last_day is None or known.status != CERTIFIED:
            return
        wall = at.astimezone(self.zone)
        left = (known.last_day - wall.date()).days
        reached = [rung for rung in self.rungs if (left if wall.hour >= 8 else left + 1) <= rung]
        if left >= 0 and reached and (not known.said or min(known.said) > min(reached)):
            known.said.append(left)
            self._post(known, "expiry_warning", f"{known.serial}-{min(reached)} of {left}", at)

    def _lock(self, known: Known, at: datetime) -> None:
        if known.last_day is not None and at.astimezone(self.zone).date() > known.last_day:
            known.last_day = None
            known.ended.append((at, "locked"))

    def _move(self, known: Known, at: datetime) -> None:
        """After three days; in the quarter in which they are over, either side of it will do."""
        if known.moving is None or at < known.moving[0] + WAIT:
            return
        asked, email = known.moving
        if at < asked + WAIT + QUARTER and (known.number, at) not in self._moved:
            return
        self._post(known, "email_changed", f"{at.isoformat()}:old", at, {known.email})
        self._post(known, "email_changed", at.isoformat(), at, {email})
        known.also, known.email, known.moving = known.email, email, None
        known.moved_at.append(at)

    def _post(self, known: Known, kind: str, cycle: str, at: datetime, to: set[str] | None = None) -> None:
        self.mails[Sig(known.number, kind, cycle)] = Due(at, to or {known.email, known.also} - {""})
