"""A simulated year: every agent gets exactly what policy says, through kills, outages and double runs.

``python -m tests.soak`` prepares a folder and starts this. Prints a table; exit code 1 and the differences where
something was sent too much, too little or wrongly. ``report.json`` in the folder holds the whole.
"""

import gc
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.soak.settings"

import django

django.setup()

from django.core.checks import run_checks

from extranet.credentials.choose_password import listed
from extranet.policy import JOBAID
from extranet.profile import in_force
from extranet.profile.in_force import zone
from tests.soak import acts
from tests.soak.children import Child, ChildFailed, Children, Work
from tests.soak.compare import Year, moved, quarter
from tests.soak.exchange import Exchange
from tests.soak.expected import Expected
from tests.soak.people import People
from tests.soak.weather import Weather, quarters

FIRST_MONDAY = date(2026, 1, 5)
RUNGS = (10, 5, 3, 1)
LIFE, SHORT_LIFE = JOBAID.password_days or 60, 21  # days of a password; a short year would see none end
AGAIN, PEOPLE, SECOND, CLAIMS = (timedelta(minutes=minutes) for minutes in (11, 12, 13, 14))
KILLED_SHARE = 0.12
LINE = 200  # bytes of the journal a mail, about


class Soak:
    """One year, quarter by quarter."""

    def __init__(self, folder: Path, *, agents: int, weeks: int, seed: int) -> None:
        self.folder, self.weeks = folder, weeks
        self.life = LIFE if weeks > 20 else SHORT_LIFE
        self.chance = random.Random(f"driver:{seed}")
        self.exchange = Exchange(agents=agents, weeks=weeks, seed=seed, first_monday=FIRST_MONDAY)
        self.people = People(self.exchange, life=self.life, seed=seed)
        self.weather = Weather(random.Random(f"weather:{seed}"), self.exchange.pace)
        self.children = Children(folder)
        self.relay = Relay(folder, seed)
        self.happened: list[tuple[str, datetime, Any]] = []
        self.heard: Counter[str] = Counter()
        self.roster_week, self.calm = -1, False
        self.renames: list[tuple[str, str]] = []

    def run(self) -> None:
        first = datetime.combine(FIRST_MONDAY, datetime.min.time(), tzinfo=UTC)
        for week, now in quarters(first, self.weeks, zone()):
            self.calm = week >= self.weeks
            if not self.calm:
                self.weather.look(week, now, monday_at_six=now.astimezone(zone()).strftime("%a%H") == "Mon06")
            if self.calm or now >= self.weather.site_until:
                self.relay.be(away=not self.calm and now < self.weather.relay_until)
                self._quarter(week, now)

    def _quarter(self, week: int, now: datetime) -> None:
        if week > self.roster_week and not self.calm:
            self._roster(week, now)
        self._timetable(now)
        self._deliver(now + PEOPLE, self.chance.choice((1, 1, 2, 3)))
        if self.calm:
            return
        self._visit(self.people.desk(now) + self.people.visits(now + PEOPLE), now + PEOPLE)
        self._deliver(now + SECOND, 1)
        self._visit(self.people.claims(), now + CLAIMS)

    def _roster(self, week: int, now: datetime) -> None:
        """This week's, however late; the exchange moved on since the last one."""
        for missed in range(self.roster_week + 1, week + 1):
            if missed:
                monday = FIRST_MONDAY + timedelta(days=7 * missed)
                self.renames += [(one.licenses[-2], new) for one, new in self.exchange.move_on(missed, monday)]
        self.roster_week = week
        file = self.folder / f"roster-{week}.csv"
        self.exchange.write(file)
        cutover = FIRST_MONDAY - timedelta(days=30) if week == 0 else None
        act = partial(acts.take_roster, file, list(self.renames), cutover)
        self._until_done([("roster", act)], [("roster", act)], now)
        self.renames.clear()
        self.people.meet(now)
        self.happened.append(("roster", now, (self.exchange.snapshot(), cutover)))

    def _timetable(self, now: datetime) -> None:
        """All that is due, often twice at once and beside a sender, a sealer and somebody who runs acts by hand."""
        once = [("timetable", acts.run_timetable)]
        beside = [
            ("timetable", acts.run_timetable),
            ("expire", acts.warn_by_hand),
            ("seal", acts.seal_trail),
            ("deliver", acts.deliver),
        ]
        monday = now.astimezone(zone())
        if monday.weekday() == 0 and (monday.hour, monday.minute) == (6, 0):
            beside.append(("onboard", acts.onboard_by_hand))
        chosen = [] if self.calm else [act for act in beside if self.chance.random() < 0.3]
        self._until_done(once + chosen, once, now)
        self.happened.append(("ran", now, None))

    def _until_done(self, first: list[tuple[str, Any]], again: list[tuple[str, Any]], now: datetime) -> None:
        """At once and perhaps killed; if one was, the act once more, when leases are over."""
        ended = self._together([(name, partial(act, now=now)) for name, act in first])
        if any(child.killed for child in ended):
            self._together([(name, partial(act, now=now + AGAIN)) for name, act in again], mercy=True)

    def _deliver(self, now: datetime, senders: int) -> None:
        self._together([("deliver", partial(acts.deliver, now=now)) for _ in range(senders)])
        self.people.read_mail(self.relay.news(), now)

    def _together(self, works: list[tuple[str, Work]], *, mercy: bool = False) -> list[Child]:
        children = [
            Child(name, work, self._kill_after(name, mercy), self._kill_when(name, mercy)) for name, work in works
        ]
        self.relay.phase += 1
        for child in self.children.together(children):
            if child.killed and child.name == "deliver":
                self.relay.killed_phases.add(self.relay.phase)
            self.heard.update(f"failed {failed}" for failed in (child.said or {}).get("failed", ()))
        self.relay.note()
        return children

    def _kill_after(self, name: str, mercy: bool) -> float | None:
        if mercy or self.calm or self.chance.random() > KILLED_SHARE:
            return None
        return self.chance.uniform(0.0, 1.1) * self.children.typical.get(name, 0.3)

    def _kill_when(self, name: str, mercy: bool) -> Callable[[], bool] | None:
        """A sender, right after the relay took a mail and before it knows of it: chance hardly ever meets that."""
        if name != "deliver" or mercy or self.calm or self.chance.random() > KILLED_SHARE:
            return None
        return self.relay.after(self.chance.randint(1, 8))

    def _visit(self, visits: list[dict[str, Any]], now: datetime) -> None:
        """People are not killed: they see what they did."""
        if not visits:
            return
        (child,) = self.children.together([Child("people", partial(acts.visit, visits, now))])
        self.people.hear(child.said, now)
        self.heard.update(one["what"] + (f" {one['code']}" if "code" in one else "") for one in child.said)
        self.happened += [("did", quarter(now), (one["who"], one["what"])) for one in child.said]


class Relay:
    """The relay's process, which is stopped to be away, and what it wrote down."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._journal, self._command = folder / "journal.jsonl", json.loads(os.environ["SOAK_RELAY"])
        self._journal.touch()
        self._seed, self._process, self._read, self._told = seed, None, 0, 0
        self.phase, self.killed_phases, self.lines = 0, set[int](), list[dict[str, Any]]()

    _process: subprocess.Popen[str] | None

    def be(self, *, away: bool) -> None:
        if away and self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None
        elif not away and self._process is None:
            self._seed += 1
            command = [sys.executable, "-m", "tests.soak.sink", str(self._journal), *self._command, str(self._seed)]
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == "READY\n"

    def note(self) -> None:
        """Read on in the journal; what came in this phase is marked with it."""
        with self._journal.open() as file:
            file.seek(self._read)
            while (line := file.readline()).endswith("\n"):
                self.lines.append({**json.loads(line), "phase": self.phase})
                self._read = file.tell()

    def after(self, mails: int) -> Callable[[], bool]:
        """Whether the relay has taken so many more since now."""
        size = self._journal.stat().st_size + (mails - 1) * LINE
        return lambda: self._journal.stat().st_size > size

    def news(self) -> list[dict[str, Any]]:
        """What came since the last look."""
        found = self.lines[self._told :]
        self._told = len(self.lines)
        return found


def expectation(soak: Soak, site: dict[str, Any]) -> Expected:
    """What must have come, from what happened."""
    names = {
        name: person.number for person in soak.exchange.people for lic in person.licenses for name in (lic, f"CC_{lic}")
    }
    expected = Expected(zone=zone(), life=soak.life, rungs=RUNGS, moved=moved(site["mails"], names))
    for what, at, more in soak.happened:
        if what == "roster":
            expected.roster(at, *more)
        elif what == "ran":
            expected.ran(at)
        else:
            expected.did(at, *more)
    return expected


def judge(soak: Soak, site: dict[str, Any]) -> tuple[list[str], Year]:
    year = Year(
        expected=expectation(soak, site),
        mails=site["mails"],
        journal=soak.relay.lines,
        killed_phases=soak.relay.killed_phases,
        events=site["events"],
        requests=site["requests"],
        accounts=site["accounts"],
    )
    failed = [f"{what}, {times} times" for what, times in soak.heard.items() if what.startswith("failed")]
    return [*failed, *site["trail"]["faults"], *year.faults()], year


def summary(soak: Soak, site: dict[str, Any], year: Year, seconds: float) -> dict[str, Any]:
    kinds, states = (Counter(mail[what] for mail in site["mails"]) for what in ("kind", "state"))
    return {
        "agents": len(soak.exchange.people),
        "mails": len(site["mails"]),
        "accepted by the relay": len(soak.relay.lines),
        "repeats, same bytes": year.repeats,
        "processes": soak.children.run,
        "killed": soak.children.killed,
        "phases with a killed sender": len(soak.relay.killed_phases),
        "outages of the relay": soak.weather.relay_outages,
        "outages of the site": soak.weather.site_outages,
        "events in the trail": site["trail"]["events"],
        "requests: never received": len(site["requests"]),
        **{f"mails: {kind}": count for kind, count in sorted(kinds.items())},
        **{f"state: {state}": count for state, count in sorted(states.items())},
        **{f"people: {what}": count for what, count in sorted(soak.heard.items())},
        "seconds": round(seconds),
    }


def warm_up() -> None:
    """What each child would do again: the list of passwords, the profile and its templates (the checks render all)."""
    listed()
    run_checks()
    gc.collect()
    gc.freeze()  # children share these pages instead of copying them


def main(folder: Path, agents: int, weeks: int, seed: int) -> int:
    warm_up()
    soak, began = Soak(folder, agents=agents, weeks=weeks, seed=seed), time.monotonic()
    policy = replace(JOBAID, password_days=soak.life, warning_days=RUNGS)
    setattr(in_force, "policy_named", lambda _: policy)  # noqa: B010 -- as tests/policies.py does, for good
    told: dict[str, Any] = {}
    try:
        soak.run()
        (child,) = soak.children.together([Child("dump", partial(acts.dump, datetime.now(UTC)))])
        (folder / "site.json").write_text(json.dumps(child.said))
        faults, year = judge(soak, child.said)
        told = summary(soak, child.said, year, time.monotonic() - began)
    except ChildFailed as failed:
        faults = [str(failed)]
    finally:
        soak.relay.be(away=True)
    report = {"seed": seed, "weeks": weeks, "faults": faults, **told}
    (folder / "report.json").write_text(json.dumps(report, indent=1))
    show(told, faults, again=f"make soak ARGS='--agents {agents} --weeks {weeks} --seed {seed}'")
    return 1 if faults else 0


def show(told: dict[str, Any], faults: list[str], again: str) -> None:
    for name, value in told.items():
        print(f"{value:>9,}  {name}")
    for fault in faults[:40]:
        print(f"FAULT  {fault}")
    print(
        f"{len(faults)} faults; the same year again: {again}" if faults else "every agent got exactly what policy says"
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:5])))
