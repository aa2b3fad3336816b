"""A roster is read as it was meant, or refused as a whole with every reason."""

import io
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import Workbook

from extranet.agents.roster import Fault, RosterRefused
from tests.agents.conftest import ALICE, BOB, CHARLIE, EVERYBODY, Row, as_csv, read, roster_of, table


def faults_of(data: bytes) -> list[Fault]:
    with pytest.raises(RosterRefused) as refusal:
        read(data)
    return refusal.value.faults


def reason_of(data: bytes) -> str:
    (fault,) = faults_of(data)
    return str(fault)


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def cells(*rows: Row) -> list[list[object]]:
    return [list(row) for row in table(rows)]


def with_cell(key: str, value: object) -> bytes:
    """A workbook of Charlie with one cell that is no text."""
    place = list(CHARLIE).index(key)
    header, row = cells(CHARLIE)
    return workbook([header, [value if n == place else cell for n, cell in enumerate(row)]])


def test_every_field_is_read_as_text_or_day() -> None:
    alice = roster_of(ALICE).rows[0]
    assert (alice.line, alice.license, alice.first_name, alice.last_name) == (2, "1H12345", "Alice", "Nuñez-Ortega")
    assert (alice.npn, alice.email, alice.phone) == ("10000001", "alice@example.org", "9165550143")
    assert (alice.agency_name, alice.agency_license, alice.role) == ("Harbor Insurance", "0K54321", "agency_manager")
    assert (alice.status, alice.status_on, alice.certified_on) == ("certified", date(2026, 11, 2), date(2026, 11, 2))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_names_survive_every_accepted_encoding(encoding: str) -> None:
    rows = read(as_csv(EVERYBODY, encoding)).rows
    assert [row.last_name for row in rows] == ["Nuñez-Ortega", "O’Brien", "Stranger"]


def test_an_accent_written_as_two_signs_becomes_one() -> None:
    assert roster_of({**ALICE, "last_name": "Nun\u0303ez"}).rows[0].last_name == "Nuñez"


def test_headers_may_stand_in_any_order_and_case() -> None:
    header, *rows = table([BOB])
    turned = [[cell.upper() for cell in reversed(header)], *([*reversed(row)] for row in rows)]
    text = "\n".join(",".join(row) for row in turned)
    assert read(text.encode()).rows[0].license == "0E12345"


def test_a_license_stays_text_in_upper_case() -> None:
    assert roster_of({**BOB, "license": " 0e12345 "}).rows[0].license == "0E12345"


def test_blank_lines_are_passed_over_and_lines_are_counted_as_a_person_sees_them() -> None:
    lines = as_csv([ALICE, BOB]).decode().split("\r\n")
    data = "\r\n".join([lines[0], "", lines[1], ",,,,,,,,,,,", lines[2]]).encode()
    assert [row.line for row in read(data).rows] == [3, 5]


def test_a_quoted_line_break_is_a_fault_on_the_line_where_the_row_begins() -> None:
    faults = faults_of(as_csv([ALICE, {**BOB, "agency_name": "Harbor\nInsurance"}, {**CHARLIE, "role": "boss"}]))
    assert [(fault.line, fault.column) for fault in faults] == [(3, "Agency Name"), (5, "Role")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file: is empty"),
        (b"\r\n,,\r\n", "file: is empty"),
        (as_csv([ALICE]).replace(b",", b";"), "line 1: the columns are not separated by commas"),
        (as_csv([ALICE]).replace(b",", b"\t"), "line 1: the columns are not separated by commas"),
        (as_csv([]), "line 1: holds a header and no agents"),
        (as_csv([ALICE], "utf-16"), "file: is UTF-16; save it as CSV in UTF-8 or as an Excel workbook (.xlsx)"),
        (as_csv([ALICE], "utf-16-le"), "line 1: holds zero bytes: probably UTF-16; save it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0rest", "file: is the old Excel format"),
        (b"PK\x03\x04rest", "file: is no readable workbook: its archive is broken"),
        (as_csv([ALICE]) + b'"4012345,1', "line 3: a quote is opened and never closed"),
        (as_csv([ALICE]) + 'x"é'.encode("latin-1") + "é".encode(), "line 3: mixes UTF-8 and Latin-1"),
        (as_csv([CHARLIE]) + b"\x81", "line 3: is neither UTF-8 nor Latin-1"),
    ],
)
def test_what_is_no_table_is_refused_by_name(data: bytes, reason: str) -> None:
    assert reason_of(data).startswith(reason)


def test_missing_unknown_and_doubled_columns_are_all_named() -> None:
    header, row = table([ALICE])
    header[header.index("NPN")] = "Producer"
    header[header.index("Telephone")] = "Role"
    faults = faults_of((",".join(header) + "\n" + ",".join(row)).encode())
    assert {(fault.line, fault.column, fault.reason) for fault in faults} == {
        (1, "Producer", "is not a column of a roster"),
        (1, "Role", "stands twice"),
        (1, "NPN", "is missing"),
        (1, "Telephone", "is missing"),
    }


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("license", "", "is blank"),
        ("license", "12345", "is not of the form"),
        ("license", "0E123456", "is longer than 7 signs"),
        ("npn", "12a", "is not of the form"),
        ("first_name", "x" * 101, "is longer than 100 signs"),
        ("last_name", "Tab\tbed", "holds a line break or control sign"),
        ("email", "alice@", "is not an e-mail address"),
        ("email", "alice@example.org, eve@example.org", "is not an e-mail address"),
        ("phone", "916-555-0143", "is longer than 10 signs"),
        ("role", "boss", "'boss' is not one of agent, agency_manager"),
        ("status", "maybe", "is not one of pending, certified, suspended, decertified"),
        ("status_on", "11/02/2026", "is not a day written like 2026-11-18"),
        ("status_on", "2026-02-30", "is no day of the calendar"),
        ("certified_on", "", "is blank for a certified agent"),
    ],
)
def test_a_wrong_cell_refuses_the_file_with_line_column_and_reason(key: str, value: str, reason: str) -> None:
    (fault,) = faults_of(as_csv([ALICE, {**CHARLIE, key: value}]))
    assert fault.line == 3
    assert reason in fault.reason


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    faults = faults_of(as_csv([{**ALICE, "npn": "x"}, BOB, {**CHARLIE, "email": "", "role": ""}]))
    assert [(fault.line, fault.column) for fault in faults] == [(2, "NPN"), (4, "E-mail Address"), (4, "Role")]


def test_a_license_that_stands_twice_is_a_fault_on_both_lines() -> None:
    faults = faults_of(as_csv([ALICE, BOB, {**CHARLIE, "license": "1h12345"}]))
    assert [(fault.line, fault.reason) for fault in faults] == [
        (2, "1H12345 stands on lines 2, 4"),
        (4, "1H12345 stands on lines 2, 4"),
    ]


@pytest.mark.parametrize("change", [lambda line: line + ",more", lambda line: line.rsplit(",", 1)[0]])
def test_a_row_with_another_number_of_cells_is_a_fault(change: Callable[[str], str]) -> None:
    header, line = as_csv([ALICE]).decode().splitlines()
    assert "cells, the header has 12" in reason_of(f"{header}\n{change(line)}\n".encode())


def test_a_workbook_of_text_cells_reads_like_the_same_csv() -> None:
    assert read(workbook(cells(*EVERYBODY))).rows == read(as_csv(EVERYBODY)).rows


def test_days_of_a_workbook_may_be_days() -> None:
    assert read(with_cell("certified_on", date(2026, 11, 2))).rows[0].certified_on == date(2026, 11, 2)


def test_a_license_of_seven_digits_that_excel_took_for_a_number_is_certain() -> None:
    assert read(with_cell("license", 4012345)).rows[0].license == "4012345"


@pytest.mark.parametrize("number", [0, 12345, 123456, 1000000, 4012345.5, 1e300])
def test_a_license_of_which_signs_may_be_lost_is_refused(number: float) -> None:
    assert "format the column as text" in reason_of(with_cell("license", number))


@pytest.mark.parametrize(("key", "value"), [("last_name", 7), ("status_on", 46000), ("role", 1), ("npn", True)])
def test_a_cell_of_another_kind_is_refused(key: str, value: object) -> None:
    assert faults_of(with_cell(key, value))


def test_a_number_is_fine_where_only_digits_can_stand() -> None:
    row = read(with_cell("npn", 10000003)).rows[0]
    assert row.npn == "10000003"


def test_a_workbook_with_two_filled_sheets_is_refused() -> None:
    book = Workbook()
    for row in cells(ALICE):
        book.active.append(row)
    book.create_sheet("old").append(["x"])
    assert "has several filled sheets (Sheet, old); keep one" in reason_of(saved(book))


def test_a_workbook_that_unpacks_too_large_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", b"x")
        archive.filelist[0].file_size = 2_000_000_000  # what the archive says of itself is believed before unpacking
    assert reason_of(file.getvalue()) == "file: unpacks to more than a roster can be"
