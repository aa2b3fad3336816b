"""Dirty CSV of every kind, through a real publication: what is said, with what exit code, and that nothing changed.

Faults of a file refuse it; faults of a row quarantine that row and no other. No answer ever repeats a cell.
"""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.keyring.models import AgentKey
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication
from extranet.reports.publish import publish
from extranet.reports.refusals import PublicationHeld, PublicationRefused
from tests.reports.conftest import Open
from tests.reports.exchange import ALICE, BOB, BOOK, MONDAY, Row, book_row, csv_text, report

PublishBytes = Callable[[bytes], Publication]
PLANTED = "Plantedname"
GOOD = [book_row(ALICE, number, last_name=PLANTED) for number in range(1, 100)]
TEXT = csv_text(GOOD)
HEAD, _, BODY = TEXT.partition("\n")
CASE = report().layout.by_key["case_number"].header


class Wrong(NamedTuple):
    """A file that is refused, and a part of what is said."""

    data: bytes
    said: str


REFUSED = {
    "empty": Wrong(b"", "line 1: the file is empty; a header is expected"),
    "header only": Wrong(HEAD.encode(), "line 2: the file has a header and no rows"),
    "no header": Wrong(BODY.encode(), "line 1: column 1 is not a column of this report"),
    "UTF-16 with a mark": Wrong(TEXT.encode("utf-16"), "line 1: the file is UTF-16; save it as UTF-8"),
    "UTF-16 without a mark": Wrong(TEXT.encode("utf-16-le"), "line 1: the file is UTF-16; save it as UTF-8"),
    "UTF-32": Wrong(TEXT.encode("utf-32"), "line 1: the file is UTF-32; save it as UTF-8"),
    "NUL": Wrong(TEXT.encode().replace(b"Plantedname", b"P\0", 1), "line 2: there is a NUL byte; the file is damaged"),
    "unclosed quote": Wrong(
        TEXT.replace(PLANTED, f'"{PLANTED}', 1).encode(), "line 2: a quoted cell begins here and is never closed"
    ),
    "text behind a quote": Wrong(
        TEXT.replace(PLANTED, f'"{PLANTED}"x', 1).encode(), "line 2: a quoted cell is followed by signs"
    ),
    "doubled column": Wrong(TEXT.replace("Agent NPN", CASE, 1).encode(), f"line 1: column {CASE} stands 2 times"),
    "missing column": Wrong(TEXT.replace("Agent NPN", CASE, 1).encode(), "line 1: column Agent NPN is missing"),
    "unknown column": Wrong(TEXT.replace("Agent NPN", "NPN of Agent", 1).encode(), "('NPN of Agent') is not a column"),
    "another day": Wrong(
        TEXT.replace("2026-11-16", "2026-11-09", 1).encode(),
        "line 2, Extract Date: is not 2026-11-16, the day of this publication",
    ),
    "half of a sign": Wrong("é".join([TEXT, ""]).encode()[:-1], "the file is UTF-8, but not here; the sign is damaged"),
    "cut in a quoted cell": Wrong((TEXT + '2026-11-16,"50043').encode(), "line 101: a quoted cell begins here"),
}


def everything() -> list[object]:
    return [Publication.objects.count(), Frame.objects.count(), AgentKey.objects.count(), store().names()]


@pytest.fixture
def publish_bytes(alice: Agent, publisher: Actor, now: datetime) -> PublishBytes:
    def run(data: bytes) -> Publication:
        outcome = publish(kind=BOOK, source=io.BytesIO(data), as_of=MONDAY, by=publisher, now=now, release=True)
        assert outcome.publication is not None
        return outcome.publication

    return run


@pytest.mark.parametrize("name", REFUSED)
def test_a_faulty_file_is_refused_with_place_and_reason_and_nothing_changes(
    name: str, publish_bytes: PublishBytes
) -> None:
    before, wrong = everything(), REFUSED[name]
    with pytest.raises(PublicationRefused) as caught:
        publish_bytes(wrong.data)
    told = "\n".join(caught.value.lines)
    assert wrong.said in told
    assert caught.value.exit_code == 3
    assert PLANTED not in told
    assert everything() == before


def with_row(**changed: str) -> str:
    """The good file with one more row, the last: line 101."""
    return TEXT + csv_text([book_row(ALICE, 500, last_name=PLANTED, **changed)]).partition("\n")[2]


QUARANTINED = {
    "wrong type": (with_row(household_size="three"), "Household Size", "is no whole number"),
    "impossible date": (with_row(date_of_birth="2026-02-30"), "Date of Birth", "is no date (YYYY-MM-DD)"),
    "unknown value": (with_row(coverage_type="Vision"), "Coverage Type", "is not one of the allowed values"),
    "letter O for 0": (
        with_row(agent_license="OE12345"),
        "Agent License",
        "has the letter O, I or l where the digit 0 or 1 belongs",
    ),
    "no license": (with_row(agent_license=""), "Agent License", "is blank and is required"),
    "amount with three decimals": (with_row(net_premium="1.005"), "Net Premium", "is no amount (at most two decimals)"),
    "short row": (TEXT + "2026-11-16,5004300500\n", "column 3", "has 2 cells instead of 60"),
    "long row": (with_row().rstrip("\n") + ",one,more\n", "column 61", "has 62 cells instead of 60"),
    "cut in the middle of a row": (TEXT + BODY.partition("\n")[0][:120], "column", "cells instead of 60"),
}


@pytest.mark.parametrize("name", QUARANTINED)
def test_a_faulty_row_is_quarantined_with_line_column_and_reason_and_its_neighbours_are_delivered(
    name: str, alice: Agent, publish_bytes: PublishBytes, open_for: Open
) -> None:
    text, column, reason = QUARANTINED[name]
    row = publish_bytes(text.encode())
    assert (row.rows_in, row.delivered, row.quarantined) == (100, 99, 1)
    (fault,) = row.faults
    assert fault["line"] == 101
    assert column in fault["column"]
    assert reason in fault["reason"]
    assert PLANTED not in str(row.faults)
    assert open_for(alice).size == 99


def test_a_doubled_key_quarantines_both_rows(publish_bytes: PublishBytes) -> None:
    row = publish_bytes((TEXT + BODY.partition("\n")[0] + "\n").encode())
    assert (row.rows_in, row.delivered, row.quarantined) == (100, 98, 2)
    assert {(fault["line"], fault["reason"]) for fault in row.faults} == {
        (2, "the same row stands more than once"),
        (101, "the same row stands more than once"),
    }


def test_beyond_a_thousand_faults_the_count_is_exact_and_the_first_are_listed(
    alice: Agent, publish_bytes: PublishBytes
) -> None:
    rows = [book_row(ALICE, number, res_zip="x" if number % 4 == 0 else "") for number in range(1, 6_001)]
    with pytest.raises(PublicationHeld):
        publish_bytes(csv_text(rows).encode())
    row = Publication.objects.get()
    assert (row.quarantined, row.delivered, len(row.faults)) == (1_500, 4_500, 1_000)
    assert [fault["line"] for fault in row.faults] == list(range(5, 4_002, 4))


SAME: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "Latin-1": lambda text: text.encode("latin-1"),
    "lines of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "lines of an old Mac": lambda text: text.replace("\n", "\r").encode(),
    "blank lines": lambda text: text.replace("\n", "\n\n").encode(),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
    "reordered columns": lambda text: csv_text(MIXED, keys=reversed(report().layout.keys)).encode(),
    "every cell quoted": lambda text: _all_quoted(MIXED).encode(),
}
MIXED: list[Row] = [
    book_row(ALICE, 1, first_name="Zoë", mail_address="1 Elm St, Unit 2"),
    book_row(ALICE, 2, last_name="O'Brien"),
    book_row(BOB, 3, plan_name='Silver "70", HMO'),
]


def _all_quoted(rows: list[Row]) -> str:
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(report().layout.headers)
    writer.writerows(row.values() for row in rows)
    return target.getvalue()


@pytest.mark.parametrize("name", SAME)
def test_what_is_only_written_otherwise_gives_the_same_books(
    name: str, alice: Agent, bob: Agent, publish_bytes: PublishBytes, open_for: Open
) -> None:
    publish_bytes(SAME[name](csv_text(MIXED)))
    found = [list(row) for agent in (alice, bob) for row in open_for(agent).rows]
    assert sorted(found) == sorted(list(row.values()) for row in MIXED)


def test_quoted_line_breaks_stay_in_their_cell(alice: Agent, publish_bytes: PublishBytes, open_for: Open) -> None:
    publish_bytes(csv_text([book_row(ALICE, 1, res_address_1="1 Elm St\nUnit 2"), book_row(ALICE, 2)]).encode())
    book = open_for(alice)
    assert {book.at(row, "res_address_1") for row in book.rows} == {"1 Elm St\nUnit 2", ""}
