"""What a file is compared with: the newest released week before it, and the books of that week."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.record import Actor
from extranet.policy import JOBAID
from extranet.profile.loader import current
from extranet.reports.amend import amend
from extranet.reports.checks import Check
from extranet.reports.figures import FigureCount, Figures
from extranet.reports.models import Publication
from extranet.reports.refusals import PublicationHeld
from extranet.reports.sources.chunk import Chunk
from extranet.reports.thresholds import expected_day, suspicions
from tests.reports.conftest import Publish, make_agent
from tests.reports.exchange import ALICE, BOB, BOOK, DORA, LAST_MONDAY, MONDAY, Row, book_row, report

ROWS = [*(book_row(ALICE, number) for number in range(1, 41)), *(book_row(BOB, number) for number in range(41, 61))]


def dated(rows: list[Row], day: date) -> list[Row]:
    return [{**row, "extract_date": day.isoformat()} for row in rows]


def held(publish_rows: Publish, rows: list[Row], **options: object) -> Publication:
    with pytest.raises(PublicationHeld) as caught:
        publish_rows(rows, **options)
    return Publication.objects.get(id=caught.value.publication_id)


def names(row: Publication) -> list[str]:
    return [stop["name"] for stop in row.stops]


def test_what_stopped_a_file_is_kept_with_its_figures(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    publish_rows(dated(ROWS, LAST_MONDAY), as_of=LAST_MONDAY)
    row = held(publish_rows, ROWS[16:])  # 24 of Alice's 40 are left, and so are seven rows in ten of all
    assert names(row) == ["agents_shrank"]
    assert row.held_for == [row.stops[0]["text"]]
    assert row.stops[0]["sides"] == [
        {"label": ALICE, "before": "40", "now": "24", "difference": "-40.0%", "limit": "-40%"}
    ]
    assert (row.members, row.figures["rows"]) == (44, 44)


def test_the_first_publication_of_a_report_is_compared_with_nothing(
    alice: Agent, bob: Agent, publish_rows: Publish
) -> None:
    assert publish_rows(ROWS).status == "released"


def test_only_released_weeks_of_an_earlier_day_count(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    """A week forgotten and published late stands between two others."""
    first, late = MONDAY - timedelta(weeks=2), LAST_MONDAY
    publish_rows(dated(ROWS[:20], first), as_of=first)
    held(publish_rows, ROWS)
    publish_rows(dated(ROWS[:24], late), as_of=late)
    assert "24" in held(publish_rows, ROWS[:40]).held_for[0]


def test_a_week_published_late_is_not_compared_with_a_later_one(
    alice: Agent, bob: Agent, publish_rows: Publish
) -> None:
    publish_rows(ROWS)
    assert publish_rows(dated(ROWS[:20], LAST_MONDAY), as_of=LAST_MONDAY).status == "released"


def test_who_is_not_certified_any_more_has_not_shrunk(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    publish_rows(dated(ROWS, LAST_MONDAY), as_of=LAST_MONDAY)
    Agent.objects.filter(license=BOB).update(status=CertificationStatus.DECERTIFIED)
    assert publish_rows(ROWS).status == "released"


def test_rows_that_were_handed_over_later_belong_to_the_book(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    rows = [*ROWS[:40], *(book_row(DORA, number) for number in range(61, 91))]
    publish_rows(dated(rows, LAST_MONDAY), as_of=LAST_MONDAY)
    make_agent(DORA, "Dora")
    amend(by=Actor.system("roster"), now=now)
    assert [side["label"] for side in held(publish_rows, rows[:50]).stops[0]["sides"]] == [DORA]


def test_a_file_of_another_day_than_the_expected_is_held(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    tuesday = MONDAY + timedelta(days=1)
    row = held(publish_rows, dated(ROWS, tuesday), as_of=tuesday)
    assert names(row) == ["date"]
    assert "Monday 2026-11-16" in row.held_for[0]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2027-01-11", "2027-01-11"),
        ("2027-01-13", "2027-01-11"),
        ("2027-01-15", "2027-01-15"),  # the Monday after is moved to this Friday
        ("2027-01-18", "2027-01-15"),
        ("2027-01-25", "2027-01-26"),
        ("2027-01-26", "2027-01-26"),
    ],
)
def test_the_calendar_of_the_profile_moves_the_expected_day(day: str, expected: str) -> None:
    moved = {date(2027, 1, 18): date(2027, 1, 15), date(2027, 1, 25): date(2027, 1, 26)}
    profile = replace(current(), calendar=moved)
    assert expected_day(date.fromisoformat(day), profile) == date.fromisoformat(expected)


def test_a_trial_tells_the_same_reasons(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    publish_rows(dated(ROWS, LAST_MONDAY), as_of=LAST_MONDAY)
    lines = publish_rows(ROWS[16:], dry_run=True).lines
    assert [line for line in lines if line.startswith("would be held: 1 agent of 2")] != []


def test_two_statements_whatever_the_number_of_agents(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    publish_rows(dated(ROWS, LAST_MONDAY), as_of=LAST_MONDAY)
    asked: dict[str, Any] = {"kind": BOOK, "as_of": MONDAY, "quarantined": 0, "delivered": 60, "policy": JOBAID}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        suspicions(figures=Figures(rows=60, members=60), books={alice.id: 40, bob.id: 20}, **asked)
    assert len(queries) == 2


def counted(rows: pl.DataFrame) -> Mapping[str, pl.Series]:
    """As the check hands it over."""
    lines = np.arange(rows.height, dtype=np.int64)
    return Check(report(), MONDAY).take(Chunk(rows, lines)).counted


def test_figures_counted_in_pieces_are_those_of_the_whole() -> None:
    layout = report().layout
    rows = pl.DataFrame([*ROWS[:30], book_row(ALICE, 99, res_zip="")]).select(layout.keys)
    whole, pieces = FigureCount(layout), FigureCount(layout)
    whole.add(rows, counted(rows))
    for start in range(0, rows.height, 7):
        pieces.add(rows[start : start + 7], counted(rows[start : start + 7]))
    assert whole.figures(members=2, cases=1) == pieces.figures(members=2, cases=1)
    found = whole.figures(members=2, cases=1)
    assert (found.rows, found.columns["res_zip"].filled, found.columns["last_name"].filled) == (
        31,
        sum(row["res_zip"] != "" for row in ROWS[:30]),
        31,
    )
    assert Figures.from_json(found.to_json()) == found


def test_only_declared_values_are_ever_counted() -> None:
    """A value that the layout does not allow may be anything, a name in the wrong column too."""
    layout = report().layout
    column = next(column for column in layout.columns if column.allowed)
    count = FigureCount(layout)
    rows = pl.DataFrame([book_row(ALICE, 1, **{column.key: "Plantedname"})]).select(layout.keys)
    count.add(rows, counted(rows))
    found = count.figures(members=1, cases=1)
    assert found.columns[column.key].filled == 1
    assert sum(found.columns[column.key].values.values()) == 0
    assert "Plantedname" not in str(found.to_json())
