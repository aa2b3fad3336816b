"""Whom the demonstration is about: the agents of the synthetic roster that have the right lives for it."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

from extranet.demo.seed import DemoRefused
from extranet.profile.loader import current

Row = Mapping[str, str]  # of the roster, by the layout's keys


@dataclass(frozen=True)
class Cast:
    """Licenses by part, and the new agents. ``rows`` is the whole roster of today."""

    rows: Sequence[Row]
    agent: str
    warned: str
    expired: str
    throttled: str
    suspended: str
    manager: str
    fresh: Sequence[str]

    @property
    def pilots(self) -> frozenset[str]:
        """Those with a history: they had accounts before everybody else."""
        return frozenset({self.agent, self.warned, self.expired, self.throttled, self.suspended, self.manager})


def choose(*, roster: Path, book: Path, last_monday: date) -> Cast:
    """Find the parts. Raises DemoRefused where the exchange is too small to fill them."""
    rows, cases = read_rows(roster), _cases(book)
    before = (last_monday - timedelta(days=7)).isoformat()
    known = [row for row in rows if row["certified_on"] and row["certified_on"] < before]
    certified = sorted(
        (row for row in known if row["status"] == "certified"), key=lambda row: (-cases[row["license"]], row["license"])
    )
    manager = _first(certified, lambda row: row["role"] == "agency_manager", "an agency manager")
    others = [row for row in certified if row["role"] == "agent"]
    suspended = [row for row in known if row["status"] == "suspended"] or others[-1:]
    licenses = [row["license"] for row in others if row["license"] != suspended[0]["license"]]
    if len(licenses) < 4:
        raise DemoRefused("the demonstration needs more agents to fill its parts: ask for at least 20")
    return Cast(
        rows=rows,
        agent=licenses[0],
        warned=licenses[1],
        expired=licenses[2],
        throttled=licenses[3],
        suspended=suspended[0]["license"],
        manager=manager["license"],
        fresh=[row["license"] for row in rows if row["status"] == "certified" and row["certified_on"] >= before],
    )


def read_rows(roster: Path) -> list[Row]:
    """The roster by the keys of its layout."""
    keys = {column.header: column.key for column in current().roster.columns}
    with roster.open(encoding="utf-8", newline="") as stream:
        return [{keys[header]: value for header, value in row.items()} for row in csv.DictReader(stream)]


def roster_file(rows: Sequence[Row]) -> bytes:
    """The rows as the exchange would send them."""
    columns = current().roster.columns
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(column.header for column in columns)
    writer.writerows([row[column.key] for column in columns] for row in rows)
    return text.getvalue().encode()


def as_of_pilot(cast: Cast, day: date) -> list[Row]:
    """The roster of that earlier day: only the pilots, all of them certified."""
    stood = day.isoformat()
    return [
        {**row, "status": "certified", "status_on": min(row["certified_on"], stood)}
        | {"certified_on": min(row["certified_on"], stood)}
        for row in cast.rows
        if row["license"] in cast.pilots
    ]


def as_of_first_week(cast: Cast) -> list[Row]:
    """The roster before last week's new agents came, and before the suspension."""
    return [
        {**row, "status": "certified", "status_on": row["certified_on"]} if row["license"] == cast.suspended else row
        for row in cast.rows
        if row["license"] not in cast.fresh
    ]


def as_of_today(cast: Cast) -> list[Row]:
    """The roster as drawn, with somebody suspended even where the draw suspended nobody."""
    return [{**row, "status": "suspended"} if row["license"] == cast.suspended else row for row in cast.rows]


def _first(rows: Sequence[Row], fits: Callable[[Row], bool], what: str) -> Row:
    for row in rows:
        if fits(row):
            return row
    raise DemoRefused(f"the demonstration's exchange has no {what}: ask for at least 20 agents, or another --seed")


def _cases(book: Path) -> Counter[str]:
    """How many cases each license has in the week's book."""
    report = current().reports["book-of-business"]
    headers = {column.key: column.header for column in report.layout.columns}
    license, case = headers[report.agent_column], headers[report.case_column]
    with book.open(encoding="utf-8", newline="") as stream:
        return Counter(who for who, _ in {(row[license], row[case]) for row in csv.DictReader(stream)})
