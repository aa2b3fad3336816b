"""The same rows as CSV, XLSX and Parquet become the same books, cell by cell."""

import io
from collections.abc import Callable
from datetime import datetime

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.reports.models import Frame, Publication
from extranet.reports.publish import publish
from extranet.reports.refusals import PublicationRefused
from tests.reports.conftest import Open
from tests.reports.exchange import (
    ALICE,
    BOB,
    BOOK,
    CONDITIONAL,
    MONDAY,
    Row,
    book_row,
    conditional_row,
    csv_text,
)
from tests.reports.sources.files import parquet, sheet, workbook

BOOKS = {
    BOOK: [
        book_row(ALICE, 1, date_of_birth="1980-02-29", is_primary_contact="Y", member_premium="0.10"),
        book_row(BOB, 2, res_zip="00501", mail_address="1 Elm St\nUnit 2, East", last_name='Nuñez "Nu"'),
        book_row(ALICE, 3, is_primary_contact="N", max_aptc="512.00"),
    ],
    CONDITIONAL: [conditional_row(ALICE, 1), conditional_row(BOB, 2)],
}
WAYS: dict[str, Callable[[list[Row], str], bytes]] = {
    "xlsx of texts": lambda rows, kind: workbook(rows, kind=kind),
    "xlsx with types": lambda rows, kind: workbook(rows, kind=kind, typed=True),
    "parquet of texts": lambda rows, kind: parquet(rows, kind=kind),
    "parquet with types": lambda rows, kind: parquet(rows, kind=kind, typed=True),
}


@pytest.mark.parametrize("kind", list(BOOKS))
@pytest.mark.parametrize("way", list(WAYS))
def test_alice_and_bob_get_the_same_and_charlie_nothing(
    kind: str, way: str, alice: Agent, bob: Agent, charlie: Agent, publisher: Actor, now: datetime, open_for: Open
) -> None:
    source = io.BytesIO(WAYS[way](BOOKS[kind], kind))
    outcome = publish(kind=kind, source=source, as_of=MONDAY, by=publisher, now=now, release=True)
    assert outcome.status == "released"
    for agent in (alice, bob, charlie):
        book = open_for(agent, kind=kind)
        keys = [column.key for column in book.columns]
        mine = [row for row in BOOKS[kind] if row["agent_license"] == agent.license]
        assert [dict(zip(keys, found, strict=True)) for found in book.rows] == mine


def test_a_row_fault_of_a_sheet_is_told_by_its_row(alice: Agent, publisher: Actor, now: datetime) -> None:
    rows = [book_row(ALICE, number) for number in range(1, 60)]
    source = io.BytesIO(workbook([*rows, book_row(ALICE, 60, gender="x")]))
    outcome = publish(kind=BOOK, source=source, as_of=MONDAY, by=publisher, now=now)
    assert outcome.counts.quarantined == 1
    assert outcome.lines[-1] == "line 61, Gender: is not one of the allowed values"


def test_a_refused_workbook_changes_nothing(alice: Agent, publisher: Actor, now: datetime) -> None:
    with pytest.raises(PublicationRefused):
        publish(kind=BOOK, source=io.BytesIO(sheet(["a"], ["b"])), as_of=MONDAY, by=publisher, now=now)
    assert not Publication.objects.exists()
    assert not Frame.objects.exists()


def test_the_csv_that_they_are_measured_by_is_the_same(
    alice: Agent, publisher: Actor, now: datetime, open_for: Open
) -> None:
    source = io.BytesIO(csv_text(BOOKS[BOOK]).encode())
    publish(kind=BOOK, source=source, as_of=MONDAY, by=publisher, now=now, release=True)
    book = open_for(alice)
    keys = [column.key for column in book.columns]
    assert [dict(zip(keys, row, strict=True)) for row in book.rows] == [BOOKS[BOOK][0], BOOKS[BOOK][2]]
