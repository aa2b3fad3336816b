"""2,000 agents and 92,000 cases, published in one go: every row is in exactly one download, letter for letter."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.demo.synth import write_exchange
from extranet.demo.synth.write import WrittenWeek
from extranet.profile.loader import current
from extranet.reports.book import Query
from extranet.reports.publish import publish
from extranet.reports.shelf import download
from extranet.timetable import roster_day

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
BOOK, CONDITIONAL = "book-of-business", "conditional-eligibility"
Row = tuple[str, ...]


def test_every_row_of_a_state_is_in_exactly_one_download(tmp_path: Path, now: datetime) -> None:
    written = write_exchange(
        folder=tmp_path / "exchange",
        agents=2_000,
        cases=92_000,
        weeks=1,
        seed=7,
        last_monday=date(2026, 11, 16),
        profile_folder=current().folder,
    )
    by = Actor.shell()
    with written.roster.open("rb") as file:
        roster_day(file=file, name="roster.csv", by=by, now=now)
    for kind, path in _files(written.weeks[0]).items():
        publish(kind=kind, source=path, as_of=date(2026, 11, 16), by=by, now=now, release=True)
        published, found = _published(path), Counter[Row]()
        for agent in Agent.objects.all():
            rows = list(_downloaded(agent, kind, now))
            assert _licenses(kind, rows) <= {agent.license}
            found.update(rows)
        assert found == published
        assert set(published.values()) == {1}
    assert Event.objects.filter(action="book:download:done").count() == 2 * Agent.objects.count()


def _files(week: WrittenWeek) -> dict[str, Path]:
    return {BOOK: week.book, CONDITIONAL: week.conditional}


def _published(path: Path) -> Counter[Row]:
    with path.open(newline="") as file:
        return Counter(_rows(file))


def _downloaded(agent: Agent, kind: str, now: datetime) -> Iterator[Row]:
    actor = Actor("agent", agent.license)
    made = download(
        agent=agent, kind=kind, week=None, query=Query(), format="csv", actor=actor, now=now, gate=lambda: None
    )
    return _rows(io.StringIO(made.body.decode("utf-8-sig"), newline=""))


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    """All rows below the header, in one order of columns; the sign that keeps text from being a formula taken off."""
    reader = csv.reader(lines)
    header = next(reader)
    order = sorted(range(len(header)), key=lambda place: header[place])
    return (tuple(_bare(row[place]) for place in order) for row in reader)


def _bare(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _licenses(kind: str, rows: list[Row]) -> set[str]:
    headers = sorted(column.header for column in current().reports[kind].layout.columns)
    place = headers.index(current().reports[kind].layout.by_key["agent_license"].header)
    return {row[place] for row in rows}
