"""Every kind of dirty CSV through the whole of a publication: refused with nothing changed, set apart by line and
column with a reason, or taken as it is meant. No message holds a value of the file.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.keyring.models import AgentKey
from extranet.reports.lines import split_frame
from extranet.reports.manifest import store
from extranet.reports.models import Current, Frame, Publication
from extranet.reports.publish import publish
from extranet.reports.refusals import PublicationHeld, PublicationRefused
from extranet.reports.seal import QUARANTINE
from extranet.reports.shelf import text_of
from tests.reports.conftest import Open
from tests.reports.exchange import ALICE, BOB, BOOK, MONDAY, Row, book_row, csv_text, report

PLANTED = "Plantedname"
ALL = "export the report with all its columns"
NAMED = "is not a column of this report: name it as the report does, or leave it out"
UNCLOSED = (
    "a quoted cell begins here and is never closed, or is longer than any cell may be;"
    " close it, or send the file again if it was cut on its way"
)
DAMAGED = (
    "the file is UTF-8, but not here; the sign is damaged: save it as UTF-8 again,"
    " or send it again if it was cut on its way"
)
UTF16 = "line 1: the file is UTF-16; save it as UTF-8"
CUT = "the file ends in the middle of this row, so it was cut on its way; send it again"


def rows(**changes: str) -> list[Row]:
    """Alice's row, Bob's, and Alice's second; the changes are of Bob's row, which stands on line 3."""
    first, second, third = (
        book_row(license, number, last_name=PLANTED, mail_address="9 Elm St, Unit 2\nBack")
        for license, number in ((ALICE, 1), (BOB, 2), (ALICE, 3))
    )
    return [{**first, "mail_address": ""}, {**second, "mail_address": "", **changes}, third]


def text(**changes: str) -> str:
    return csv_text(rows(**changes))


CLEAN = text()
LAST = CLEAN.rindex(PLANTED)  # within the last row, which begins on line 4


def header(key: str) -> str:
    return report().layout.by_key[key].header


def with_header(old: str, new: str) -> bytes:
    """The header changed, and each row as it was."""
    head, _, body = CLEAN.partition("\n")
    cells = [new if cell == old else cell for cell in head.split(",")]
    return f"{','.join(cells)}\n{body}".encode()


def quoted(text: str) -> bytes:
    """Each cell in quotes, needed or not."""
    table = csv.reader(io.StringIO(text, newline=""))
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in table).encode()


def without_column(key: str) -> bytes:
    keys = [name for name in report().layout.keys if name != key]
    return csv_text(rows(), keys=keys).encode()


def with_line(line: str, end: str = "\n") -> bytes:
    return f"{CLEAN}{line}{end}".encode()


def same(changed: str, times: int = 2) -> bytes:
    return csv_text(rows()[:2] + [{**rows()[1], "agent_license": changed}] * (times - 1)).encode()


REFUSED: list[tuple[str, bytes, list[str]]] = [
    # what it is, the file, the lines told
    ("UTF-16 with a mark, LE", b"\xff\xfe" + CLEAN.encode("utf-16-le"), [UTF16]),
    ("UTF-16 with a mark, BE", b"\xfe\xff" + CLEAN.encode("utf-16-be"), [UTF16]),
    ("UTF-16 without a mark, LE", CLEAN.encode("utf-16-le"), [UTF16]),
    ("UTF-16 without a mark, BE", CLEAN.encode("utf-16-be"), [UTF16]),
    ("UTF-32", CLEAN.encode("utf-32"), ["line 1: the file is UTF-32; save it as UTF-8"]),
    ("UTF-8 with a Latin-1 sign", CLEAN.encode().replace("María".encode(), "María".encode("latin-1"), 1),
     [f"line 2: {DAMAGED}"]),
    ("unclosed quote", text().replace("9 Elm St, Unit 2\nBack\"", "9 Elm St, Unit 2\nBack").encode(),
     [f"line 4: {UNCLOSED}"]),
    ("signs behind a quote", CLEAN.replace("Back\"", "Back\"x").encode(),
     ["line 4: a quoted cell is followed by signs that are not a comma; double a quote that belongs to the text"]),
    ("doubled column", with_header("Agent NPN", "Agent Name"),
     ["line 1: column Agent Name stands 2 times: keep one", f"line 1: column Agent NPN is missing: {ALL}"]),
    ("missing column", without_column("res_zip"), [f"line 1: column Residence ZIP is missing: {ALL}"]),
    ("unknown column", with_header("Agent NPN", "Weather"),
     [f"line 1: column 4 ('Weather') {NAMED}", f"line 1: column Agent NPN is missing: {ALL}"]),
    ("a column more", "\n".join(f"{line},x" for line in csv_text(rows()[:2]).splitlines()).encode(),
     [f"line 1: column 61 ('x') {NAMED}"]),
    ("no header", CLEAN.partition("\n")[2].encode(), []),
    ("header only", csv_text([]).encode(), ["line 2: the file has a header and no rows; send it with its rows"]),
    ("header only, no line end", csv_text([]).rstrip().encode(),
     ["line 2: the file has a header and no rows; send it with its rows"]),
    ("empty", b"", ["line 1: the file is empty; a header is expected"]),
    ("only a mark", b"\xef\xbb\xbf", ["line 1: the file is empty; a header is expected"]),
    ("only blank lines", b"\n\r\n\n", ["line 1: the file is empty; a header is expected"]),
    ("NUL byte", CLEAN.replace(PLANTED, "Pl\0nted", 1).encode(),
     ["line 2: there is a NUL byte; the file is damaged or no CSV: save it again"]),
    ("a disk's hole", CLEAN.encode()[: -len(CLEAN) // 3] + bytes(4096), []),
    ("another day", text(extract_date="2026-11-09").encode(),
     ["line 3, Extract Date: is not 2026-11-16, the day of this publication: publish each day by itself"]),
    ("an impossible day of all", text(extract_date="2026-02-30").encode(),
     ["line 3, Extract Date: is not 2026-11-16, the day of this publication: publish each day by itself"]),
    ("cut in a row", CLEAN[: LAST + 4].encode(), [f"line 4: {CUT}"]),
    ("cut at a comma", CLEAN[: LAST + len(PLANTED) + 1].encode(), [f"line 4: {CUT}"]),
    ("cut in a quoted cell", CLEAN[: CLEAN.index("9 Elm") + 20].encode(), [f"line 4: {UNCLOSED}"]),
    ("cut in a sign", CLEAN.encode()[: CLEAN.encode().rindex("í".encode()) + 1], [f"line 4: {DAMAGED}"]),
    ("cut in the first sign", csv_text([book_row(ALICE, 1, first_name="Ana", last_name="Ní")]).encode().partition(
        b"\xad")[0], [f"line 2: {CUT}"]),
    ("cut in the header", CLEAN[:300].encode(), []),
    ("a line without an end", with_line("x" * 17_000_000, ""),
     ["line 6: the line does not end within 8,388,608 bytes; put every row on a line of its own"]),
    ("a quote that swallows the file", with_line('"' + "x\n" * 8_500_000, ""), [f"line 6: {UNCLOSED}"]),
]  # fmt: skip

SET_APART: list[tuple[str, bytes, list[tuple[int, str, str]]]] = [
    # what it is, the file, line, column and reason of each row that is set apart
    ("short row", with_line("2026-11-16,5004300009"), [(6, "column 3", "has 2 cells instead of 60")]),
    ("long row", with_line("x," * 80 + "x"), [(6, "column 61", "has 81 cells instead of 60")]),
    ("long row without an end", with_line("x," * 80 + "x", ""), [(6, "column 61", "has 81 cells instead of 60")]),
    ("giant line", with_line("x" * 200_000), [(6, "column 2", "has 1 cells instead of 60")]),
    ("giant cell", text(mail_address="x" * 200_000).encode(),
     [(3, "Mailing Address", "is longer than 32767 signs")]),
    ("wrong type", text(household_size="three").encode(), [(3, "Household Size", "is no whole number")]),
    ("amount with a sign", text(member_premium="$1.00").encode(),
     [(3, header("member_premium"), "is no amount (at most two decimals)")]),
    ("impossible date", text(date_of_birth="2026-02-30").encode(),
     [(3, "Date of Birth", "is no date (YYYY-MM-DD)")]),
    ("another form of date", text(date_of_birth="2/28/1980").encode(),
     [(3, "Date of Birth", "is no date (YYYY-MM-DD)")]),
    ("impossible moment", text(last_updated="2026-11-14T25:00:00Z").encode(),
     [(3, header("last_updated"), "is no moment (YYYY-MM-DDTHH:MM:SSZ)")]),
    ("unknown value", text(coverage_type="health").encode(),
     [(3, "Coverage Type", "is not one of the allowed values")]),
    ("neither yes nor no", text(conditional_flag="yes").encode(),
     [(3, header("conditional_flag"), "is neither Y nor N")]),
    ("negative amount", text(member_premium="-1.00").encode(), [(3, header("member_premium"), "is below 0")]),
    ("no license", text(agent_license="").encode(), [(3, "Agent License", "is blank and is required")]),
    ("license with an O", text(agent_license="1H1OOO2").encode(),
     [(3, "Agent License", "has the letter O where a zero belongs: write the digit 0")]),
    ("license that begins with an O", text(agent_license="OH10002").encode(),
     [(3, "Agent License", "has the letter O where a zero belongs: write the digit 0")]),
    ("license with an I and an l", text(agent_license="IHl0002").encode(),
     [(3, "Agent License", "has a letter O, I or l where a digit belongs: write 0 or 1")]),
    ("license of another form", text(agent_license=PLANTED).encode(),
     [(3, "Agent License", "does not have the form that is declared")]),
    ("ZIP with an O", text(res_zip="9O210").encode(),
     [(3, "Residence ZIP", "has the letter O where a zero belongs: write the digit 0")]),
    ("ZIP that lost its zeros", text(res_zip="501").encode(),
     [(3, "Residence ZIP", "does not have the form that is declared")]),
    ("doubled key", same(BOB), [(3, "", "the same row stands more than once")] * 2),
    ("doubled key of two agents", same(ALICE), [(3, "", "the same row stands more than once")] * 2),
    ("two faults of one row", text(res_zip="x", household_size="x").encode(),
     [(3, "Residence ZIP", "does not have the form that is declared"), (3, "Household Size", "is no whole number")]),
    ("Latin-1 in a short row first", csv_text([book_row(ALICE, 1, first_name="Ana", last_name="Li")]).encode()
     + "Zoë,x\n".encode("latin-1"), [(3, "column 3", "has 2 cells instead of 60")]),
]  # fmt: skip

TAKEN: list[tuple[str, bytes]] = [
    ("clean", CLEAN.encode()),
    ("byte order mark", CLEAN.encode("utf-8-sig")),
    ("Latin-1", CLEAN.encode("latin-1")),
    ("CRLF", csv_text(rows()).replace("\nBack", "\0").replace("\n", "\r\n").replace("\0", "\nBack").encode()),
    ("CR only", csv_text(rows()).replace("\nBack", "\0").replace("\n", "\r").replace("\0", "\nBack").encode()),
    ("blank lines", csv_text(rows()).replace("\nBack", "\0").replace("\n", "\n\n").replace("\0", "\nBack").encode()),
    ("last line without an end", CLEAN.rstrip("\n").encode()),
    ("reordered columns", csv_text(rows(), keys=reversed(report().layout.keys)).encode()),
    ("headers in capitals", (CLEAN.partition("\n")[0].upper() + "\n" + CLEAN.partition("\n")[2]).encode()),
    ("everything quoted", quoted(CLEAN)),
]  # fmt: skip


@dataclass
class Ended:
    """How a publication ended: with which code, and everything that a person is told."""

    code: int
    lines: list[str]


@pytest.fixture
def ended(alice: Agent, bob: Agent, now: datetime) -> Callable[[bytes], Ended]:
    def run(data: bytes) -> Ended:
        try:
            outcome = publish(kind=BOOK, source=io.BytesIO(data), as_of=MONDAY, by=Actor.shell(), now=now, release=True)
        except (PublicationRefused, PublicationHeld) as error:
            return Ended(error.exit_code, error.lines)
        return Ended(0, outcome.lines)

    return run


def opened_quarantine() -> list[list[str]]:
    """All rows that were set apart: line and cells of each."""
    row, found = Publication.objects.get(), list[list[str]]()
    with store().open(row.pack) as reader:
        for frame in Frame.objects.filter(publication=row, frame=QUARANTINE):
            block = split_frame(text_of(reader, row, frame))[1].decode()
            found += list(csv.reader(io.StringIO(block, newline="")))[1:]
    return found


def cases(table: list[Any]) -> dict[str, Any]:
    return {"argvalues": [case[1:] for case in table], "ids": [case[0] for case in table]}


@pytest.mark.parametrize(("data", "lines"), **cases(REFUSED))
def test_a_broken_file_is_refused_with_what_to_do_and_nothing_changes(
    data: bytes, lines: list[str], ended: Callable[[bytes], Ended]
) -> None:
    end = ended(data)
    assert end.code == 3
    if lines:
        assert end.lines == lines
    assert end.lines[0].startswith("line ")
    told = "\n".join(end.lines)
    assert all(value not in told for value in (PLANTED, "María", "Elm", BOB, "50043"))
    assert not any(model.objects.exists() for model in (Publication, Frame, Current, AgentKey))
    assert (store().names(), store().leftovers()) == ([], [])


@pytest.mark.parametrize(("data", "faults"), **cases(SET_APART))
def test_a_broken_row_is_set_apart_by_line_column_and_reason_and_delivered_to_nobody(
    data: bytes, faults: list[tuple[int, str, str]], ended: Callable[[bytes], Ended], alice: Agent, bob: Agent
) -> None:
    end = ended(data)
    assert end.code == 7  # one row of four is more than the policy lets pass
    row = Publication.objects.get()
    told = [(fault["line"], fault["column"], fault["reason"]) for fault in row.faults]
    lines = {line for line, _, _ in told}
    assert lines >= {line for line, _, _ in faults}
    assert [reason for _, _, reason in told] == [reason for _, _, reason in faults]
    assert all(column in ("", found) for (_, column, _), (_, found, _) in zip(faults, told, strict=True))
    assert sorted(int(cells[0]) for cells in opened_quarantine()) == sorted(lines)
    assert row.quarantined == len(lines)
    assert row.rows_in == row.delivered + row.unassigned + row.quarantined
    assert all(f"line {line}, {column}: {reason}" in end.lines for line, column, reason in told)
    assert PLANTED not in "\n".join(end.lines) + str(row.faults)


@pytest.mark.parametrize(("data",), **cases(TAKEN))
def test_what_is_unusual_and_clear_is_taken_as_it_is_meant(
    data: bytes, ended: Callable[[bytes], Ended], open_for: Open, alice: Agent, bob: Agent
) -> None:
    assert ended(data).code == 0
    whole = rows()
    for agent, expected in ((alice, [whole[0], whole[2]]), (bob, [whole[1]])):
        book = open_for(agent)
        keys = [column.key for column in book.columns]
        assert [dict(zip(keys, found, strict=True)) for found in book.rows] == expected
