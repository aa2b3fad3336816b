"""Files as they really come: any order of columns, any encoding, and faults that must be told by line and column."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from extranet.reports.reading import LINE, ReadFile, read, take_in
from extranet.reports.refusals import PublicationRefused
from tests.reports.exchange import ALICE, BOB, book_row, csv_text, report

ROWS = [book_row(ALICE, 1, first_name="Zoë", last_name="O'Brien"), book_row(BOB, 2, mail_address="1 Elm St, Unit 2")]


def read_text(text: str, encoding: str = "utf-8") -> ReadFile:
    return read(text.encode(encoding), report().layout)


def refusal(data: bytes) -> list[str]:
    with pytest.raises(PublicationRefused) as caught:
        read(data, report().layout)
    assert caught.value.exit_code == 3
    return caught.value.lines


def test_everything_stays_text_and_keeps_its_zeros() -> None:
    file = read_text(csv_text([book_row("0E12345", 1, res_zip="00501")]))
    assert file.rows["agent_license"].to_list() == ["0E12345"]
    assert file.rows["res_zip"].to_list() == ["00501"]


def test_columns_may_stand_in_any_order() -> None:
    backwards = csv_text(ROWS, keys=reversed(report().layout.keys))
    assert read_text(backwards).rows.equals(read_text(csv_text(ROWS)).rows)


def test_headers_are_found_in_any_case_and_with_outer_blanks() -> None:
    head, _, body = csv_text(ROWS).partition("\n")
    loose = ",".join(f" {cell.upper()} " for cell in head.split(",")) + "\n" + body
    assert read_text(loose).rows.equals(read_text(csv_text(ROWS)).rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_utf8_with_and_without_mark_and_latin1_read_the_same(encoding: str) -> None:
    assert read_text(csv_text(ROWS), encoding).rows["first_name"].to_list() == ["Zoë", "María"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_refused_by_name(encoding: str) -> None:
    (line,) = refusal(csv_text(ROWS).encode(encoding))
    assert encoding[:6].upper() in line
    assert "UTF-8" in line


def test_a_damaged_sign_in_utf8_is_refused_where_it_stands_instead_of_spoiling_all_names() -> None:
    data = csv_text([book_row(ALICE, 1), book_row(ALICE, 2), book_row(BOB, 3, first_name="Zoe")]).encode()
    assert refusal(data.replace(b"Zoe", b"Zo\xeb")) == ["line 4: the file is UTF-8, but not here; the sign is damaged"]
    assert "line 4" in refusal(b"\xef\xbb\xbf" + data.replace("í".encode(), b"i").replace(b"Zoe", b"Zo\xeb"))[0]


def test_quoted_line_breaks_stay_in_the_cell_and_lines_are_counted_on() -> None:
    rows = [book_row(ALICE, 1, res_address_1="1 Elm St\nUnit 2"), book_row(BOB, 2)]
    file = read_text(csv_text(rows))
    assert file.rows["res_address_1"].to_list() == ["1 Elm St\nUnit 2", ""]
    assert file.rows[LINE].to_list() == [2, 4]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_taken(ending: str) -> None:
    file = read_text(csv_text(ROWS).replace("\n", ending))
    assert file.rows[LINE].to_list() == [2, 3]


def test_short_and_long_rows_are_set_apart_with_their_line() -> None:
    text = csv_text(ROWS) + "2026-11-16,5004300009\n" + "x," * 80 + "x\n"
    file = read_text(text)
    assert [(row.line, len(row.cells)) for row in file.misshapen] == [(4, 2), (5, 81)]
    assert file.count == 4


def test_blank_lines_are_no_rows() -> None:
    file = read_text(csv_text(ROWS).replace("\n", "\n\n"))
    assert file.rows[LINE].to_list() == [3, 5]
    assert not file.misshapen


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b" , ,\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert "empty" in refusal(data)[0]


def test_a_file_with_a_header_only_is_refused() -> None:
    assert "no rows" in refusal(csv_text([]).encode())[0]


def test_unknown_missing_and_doubled_columns_are_all_told_at_once() -> None:
    text = csv_text(ROWS).replace("Case Number", "Kase Number", 1).replace("Agent NPN", "Agent Name", 1)
    lines = refusal(text.encode())
    assert lines == [
        "line 1: column 2 ('Kase Number') is not a column of this report",
        "line 1: column Agent Name stands 2 times",
        "line 1: column Case Number is missing",
        "line 1: column Agent NPN is missing",
    ]


def test_a_file_without_a_header_never_shows_the_consumer_in_its_first_line() -> None:
    _, _, body = csv_text(ROWS).partition("\n")
    told = "\n".join(refusal(body.encode()))
    assert "O'Brien" not in told
    assert "column 1 is not a column" in told


def test_a_nul_byte_is_refused_with_its_line() -> None:
    data = csv_text(ROWS).encode().replace(b"O'Brien", b"O\0Brien")
    assert refusal(data)[0].startswith("line 2: there is a NUL byte")


def test_a_quote_that_is_never_closed_is_refused_where_it_began() -> None:
    text = csv_text(ROWS).replace("O'Brien", "\"O'Brien")
    assert refusal(text.replace('Unit 2"', "Unit 2").encode())[0].startswith("line 2: a quoted cell")


def test_a_quote_in_the_middle_of_a_cell_is_just_a_sign() -> None:
    file = read_text(csv_text(ROWS).replace("O'Brien", 'O"Brien'))
    assert file.rows["last_name"][0] == 'O"Brien'


def test_signs_behind_a_closed_quote_are_refused() -> None:
    assert "line 2" in refusal(csv_text(ROWS).replace("O'Brien", '"O"Brien').encode())[0]


@pytest.mark.parametrize("make", [lambda path: path, lambda path: io.BytesIO(path.read_bytes())])
def test_a_path_and_an_open_file_have_the_same_digest(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes(b"abc")
    assert take_in(make(path)).sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublicationRefused, match="cannot be read"):
        take_in(tmp_path / "nothing.csv")
