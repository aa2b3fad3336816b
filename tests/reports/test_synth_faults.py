"""The synthetic exchange with faults, published: each fault is accounted for, and every clean row is delivered."""

import csv
import io
import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.demo.synth import write_exchange
from extranet.demo.synth.write import Written
from extranet.profile.loader import current
from extranet.reports.fault_list import cut_words
from extranet.reports.lines import split_frame
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.publish import publish
from extranet.reports.refusals import PublicationHeld
from extranet.reports.release import release
from extranet.reports.seal import QUARANTINE, UNASSIGNED
from extranet.reports.shelf import text_of
from extranet.timetable import roster_day
from tests.reports.conftest import Open
from tests.reports.exchange import BOOK, CONDITIONAL, MONDAY, report

pytestmark = pytest.mark.django_db
WORDS = {  # what the list calls a fault -> what the publication says of it
    "blank license": "is blank and is required",
    "license with the letter O for a zero": "has the letter O where a zero belongs: write the digit 0",
    "wrong type": "is no whole number",
    "impossible date": "is no date (YYYY-MM-DD)",
    "unknown value": "is not one of the allowed values",
    "negative amount": "is below 0",
    "more than its limit column": "is more than ",
    "neither Y nor N": "is neither Y nor N",
    "required cell is blank": "is blank and is required",
    "short row": "cells instead of",
    "long row": "cells instead of",
    "doubled identity": "the same row stands more than once",
}


@pytest.fixture
def written(tmp_path: Path, now: datetime) -> Written:
    exchange = write_exchange(
        folder=tmp_path / "exchange",
        agents=12,
        cases=400,
        weeks=1,
        seed=5,
        last_monday=MONDAY,
        profile_folder=current().folder,
        faults=True,
    )
    with exchange.roster.open("rb") as file:
        roster_day(file=file, name="roster.csv", by=Actor.shell(), now=now)
    return exchange


@pytest.mark.parametrize("kind", [BOOK, CONDITIONAL])
def test_every_fault_of_the_list_is_accounted_for_and_every_clean_row_is_delivered(
    kind: str, written: Written, now: datetime, open_for: Open
) -> None:
    (week,) = written.weeks
    assert week.faults is not None
    path = {BOOK: week.book, CONDITIONAL: week.conditional}[kind]
    listed = json.loads(week.faults.read_text())[kind]
    lines, row = _lines_of(path), _published(kind, path, now)

    quarantined = {fault["line"]: fault for fault in listed if fault["outcome"] == "quarantined"}
    waiting = {fault["line"] for fault in listed if fault["outcome"] == "unassigned"}
    assert {fault["reason"] for fault in quarantined.values()} <= set(WORDS)
    assert len(quarantined) + len(waiting) == len(listed) >= 10

    told = {(fault["line"], fault["column"]): fault["reason"] for fault in row.faults}
    for line, fault in quarantined.items():
        reasons = [reason for (at, column), reason in told.items() if at == line and _names(fault["column"], column)]
        assert any(WORDS[fault["reason"]] in reason for reason in reasons), fault
    assert {line for line, _ in told} == set(quarantined)
    assert cut_words(row) == ""

    kept = _opened(row, QUARANTINE)
    assert {int(cells[0]): cells[1:] for cells in kept[1:]} == {line: lines[line] for line in quarantined}
    (alone,) = Frame.objects.filter(publication=row, frame=UNASSIGNED)
    assert alone.rows == len(waiting) == row.unassigned

    delivered = Counter(tuple(cells) for agent in Agent.objects.all() for cells in open_for(agent, kind=kind).rows)
    clean = Counter(tuple(cells) for line, cells in lines.items() if line not in quarantined and line not in waiting)
    assert delivered == clean
    assert (row.rows_in, row.delivered, row.quarantined) == (len(lines), clean.total(), len(quarantined))
    assert row.rows_in == row.delivered + row.unassigned + row.quarantined
    assert row.manifest["rows"]["in"] == row.rows_in
    assert row.manifest["sums"] == _sums(kind, lines)


def _lines_of(path: Path) -> dict[int, list[str]]:
    """The cells of each row by its line; no cell of the synthetic exchange has a line break."""
    with path.open(newline="", encoding="utf-8") as file:
        return {number: cells for number, cells in enumerate(csv.reader(file), start=1) if number > 1}


def _published(kind: str, path: Path, now: datetime) -> Publication:
    """Released; a small file has too large a share of faults, and a second person lets it pass."""
    ada, grace = Actor("staff", "staff\\ada"), Actor("staff", "staff\\grace")
    try:
        publish(kind=kind, source=path, as_of=MONDAY, by=ada, now=now, release=True)
    except PublicationHeld as held:
        release(publication_id=held.publication_id, by=grace, now=now, reason="The faults were put in on purpose.")
    row = Publication.objects.get()
    assert row.state == PublicationState.RELEASED
    return row


def _names(listed: str, told: str) -> bool:
    """A fault of the line as a whole is told at the first column that is not as it should be."""
    return not listed or listed in told


def _opened(row: Publication, name: str) -> list[list[str]]:
    found: list[list[str]] = []
    with store().open(row.pack) as reader:
        for frame in Frame.objects.filter(publication=row, frame=name):
            found += csv.reader(io.StringIO(split_frame(text_of(reader, row, frame))[1].decode(), newline=""))
    return found


def _sums(kind: str, lines: dict[int, list[str]]) -> dict[str, Any]:
    """Of every row of full width whose cell is an amount: what the publication must have added up as well."""
    layout = report(kind).layout
    whole = [dict(zip(layout.keys, cells, strict=True)) for cells in lines.values() if len(cells) == len(layout.keys)]
    keys = [column.key for column in layout.columns if column.money]
    return {key: str(sum((Decimal(cells[key] or "0") for cells in whole), Decimal("0.00"))) for key in keys}
