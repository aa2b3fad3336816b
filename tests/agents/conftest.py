"""Invented agents, and rosters made of them: Alice manages an agency, Bob works there, Charlie is a stranger."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

import pytest

from extranet.agents.models import Agent
from extranet.agents.roster import Roster, TakenIn, read_roster, take_in
from extranet.audit.record import Actor
from extranet.profile.loader import current

Row: TypeAlias = dict[str, str]
OPERATOR = Actor("shell", "os:operator")
ALICE: Row = {
    "license": "1H12345",
    "npn": "10000001",
    "first_name": "Alice",
    "last_name": "Nuñez-Ortega",
    "email": "alice@example.org",
    "phone": "9165550143",
    "agency_name": "Harbor Insurance",
    "agency_license": "0K54321",
    "role": "agency_manager",
    "status": "certified",
    "status_on": "2026-11-02",
    "certified_on": "2026-11-02",
}
BOB: Row = {
    **ALICE,
    "license": "0E12345",
    "npn": "10000002",
    "first_name": "Bob",
    "last_name": "O’Brien",
    "email": "bob@example.org",
    "phone": "",
    "role": "agent",
}
CHARLIE: Row = {
    **ALICE,
    "license": "4012345",
    "npn": "",
    "first_name": "Charlie",
    "last_name": "Stranger",
    "email": "charlie@example.net",
    "phone": "",
    "agency_name": "Agency of One",
    "agency_license": "",
    "role": "agent",
}
EVERYBODY = (ALICE, BOB, CHARLIE)


def table(rows: Iterable[Mapping[str, str]]) -> list[list[str]]:
    """Header and rows in the layout's order."""
    columns = current().roster.columns
    return [[column.header for column in columns], *([row[column.key] for column in columns] for row in rows)]


def as_csv(rows: Iterable[Mapping[str, str]], encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table(rows))
    return text.getvalue().encode(encoding)


def read(data: bytes) -> Roster:
    return read_roster(io.BytesIO(data), "roster.csv")


def roster_of(*rows: Mapping[str, str]) -> Roster:
    return read(as_csv(rows))


def agent(row: Mapping[str, str]) -> Agent:
    return Agent.objects.get(license=row["license"])


@pytest.fixture
def take(now: datetime) -> Callable[..., TakenIn]:
    """Take in a roster of these rows, allowing any drop unless asked otherwise."""

    def taken(*rows: Mapping[str, str], at: datetime = now, allow_drop: bool = True) -> TakenIn:
        return take_in(roster_of(*rows), by=OPERATOR, now=at, allow_drop=allow_drop)

    return taken
