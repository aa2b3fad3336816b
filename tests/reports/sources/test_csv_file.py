"""Files as they really come: any order of columns, any encoding, and faults that must be told by line and column."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extranet.profile.layouts import Layout
from extranet.reports.lines import canonical
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources import csv_pieces
from extranet.reports.sources.chunk import Chunk, MisshapenRow
from extranet.reports.sources.csv_file import CsvFile
from extranet.reports.sources.input_file import InputFile, opened
from tests.reports.exchange import ALICE, BOB, Row, book_row, csv_text, report

PIECES = [1 << 24, 4_000, 700, 64]  # bytes a piece: the whole file, some rows, about one row, a part of a row


@dataclass
class ReadFile:
    """All chunks of a file behind each other."""

    rows: pl.DataFrame
    lines: list[int]
    misshapen: list[MisshapenRow]
    chunks: list[Chunk]

    @property
    def count(self) -> int:
        return self.rows.height + len(self.misshapen)


def read(data: bytes, layout: Layout, piece_bytes: int = 1 << 24) -> ReadFile:
    chunks = list(CsvFile(io.BytesIO(data), total=len(data), piece_bytes=piece_bytes).chunks(layout))
    rows = pl.concat([chunk.rows for chunk in chunks])
    lines = [line for chunk in chunks for line in chunk.lines.tolist()]
    return ReadFile(rows, lines, [row for chunk in chunks for row in chunk.misshapen], chunks)


ROWS = [book_row(ALICE, 1, first_name="Zoë", last_name="O'Brien"), book_row(BOB, 2, mail_address="1 Elm St, Unit 2")]


def read_text(text: str, encoding: str = "utf-8") -> ReadFile:
    """The file in pieces of every size: what it holds must not depend on where a piece ends."""
    found = [read(text.encode(encoding), report().layout, size) for size in PIECES]
    for other in found[1:]:
        assert other.rows.equals(found[0].rows)
        assert (other.lines, other.misshapen) == (found[0].lines, found[0].misshapen)
    return found[0]


def refusal(data: bytes) -> list[str]:
    told = set()
    for size in PIECES:
        with pytest.raises(PublicationRefused) as caught:
            read(data, report().layout, size)
        assert caught.value.exit_code == 3
        told.add(tuple(caught.value.lines))
    assert len(told) == 1
    return list(told.pop())


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
    assert refusal(data.replace(b"Zoe", b"Zo\xeb"))[0].startswith(
        "line 4: the file is UTF-8, but not here; the sign is damaged"
    )
    assert "line 4" in refusal(b"\xef\xbb\xbf" + data.replace("í".encode(), b"i").replace(b"Zoe", b"Zo\xeb"))[0]


def test_quoted_line_breaks_stay_in_the_cell_and_lines_are_counted_on() -> None:
    rows = [book_row(ALICE, 1, res_address_1="1 Elm St\nUnit 2"), book_row(BOB, 2)]
    file = read_text(csv_text(rows))
    assert file.rows["res_address_1"].to_list() == ["1 Elm St\nUnit 2", ""]
    assert file.lines == [2, 4]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_taken(ending: str) -> None:
    file = read_text(csv_text(ROWS).replace("\n", ending))
    assert file.lines == [2, 3]


def test_short_and_long_rows_are_set_apart_with_their_line() -> None:
    text = csv_text(ROWS) + "2026-11-16,5004300009\n" + "x," * 80 + "x\n"
    file = read_text(text)
    assert [(row.line, len(row.cells)) for row in file.misshapen] == [(4, 2), (5, 81)]
    assert file.count == 4


def test_blank_lines_are_no_rows() -> None:
    file = read_text(csv_text(ROWS).replace("\n", "\n\n"))
    assert file.lines == [3, 5]
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
        "line 1: column 2 ('Kase Number') is not a column of this report: name it as the report does, or leave it out",
        "line 1: column Agent Name stands 2 times: keep one",
        "line 1: column Case Number is missing: export the report with all its columns",
        "line 1: column Agent NPN is missing: export the report with all its columns",
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


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("size", range(200, 260))
def test_a_stray_quote_and_signs_beyond_ascii_survive_any_cut(encoding: str, size: int) -> None:
    rows = [book_row(ALICE, number, first_name="Zoë", last_name='O"Brien é') for number in range(1, 6)]
    text = csv_text(rows).replace('"O""Brien é"', 'O"Brien é')
    file = read(text.encode(encoding), report().layout, size)
    assert file.rows["last_name"].to_list() == ['O"Brien é'] * 5
    assert file.rows["first_name"].to_list() == ["Zoë"] * 5


def test_signs_behind_a_closed_quote_are_refused() -> None:
    assert "line 2" in refusal(csv_text(ROWS).replace("O'Brien", '"O"Brien').encode())[0]


@pytest.mark.parametrize("make", [lambda path: path, lambda path: io.BytesIO(path.read_bytes())])
def test_a_path_and_an_open_file_have_the_same_digest(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes(b"abc")
    with opened(make(path)) as file:
        assert file.sha256() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublicationRefused, match="cannot be read"), opened(tmp_path / "nothing.csv"):
        pass


def test_the_digest_is_known_when_the_rows_were_read() -> None:
    data = csv_text(ROWS).encode()
    file, again = InputFile(io.BytesIO(data)), InputFile(io.BytesIO(data))
    source = CsvFile(file.sequential(), total=len(data), piece_bytes=100)
    list(source.chunks(report().layout))
    file.file.close()
    assert file.sha256() == again.sha256()
    assert source.done == source.total == len(data)


def cut_lines(chunk: Chunk) -> list[str]:
    """The rows of a chunk as its bytes have them."""
    assert chunk.raw is not None
    return [
        chunk.raw.data[first:last].decode()
        for first, last in zip(chunk.raw.starts.tolist(), chunk.raw.ends.tolist(), strict=True)
    ]


def test_bytes_may_be_cut_only_where_they_are_canonical_lines() -> None:
    (chunk,) = read(csv_text(ROWS).encode(), report().layout).chunks
    assert cut_lines(chunk) == [canonical(list(row.values())) for row in ROWS]
    needless = csv_text(ROWS).replace("Zoë", '"Zoë"')
    assert read(needless.encode(), report().layout).chunks[0].raw is None
    backwards = csv_text(ROWS, keys=reversed(report().layout.keys))
    assert read(backwards.encode(), report().layout).chunks[0].raw is None


def test_a_misshapen_row_does_not_keep_its_neighbours_from_being_cut() -> None:
    text = csv_text(ROWS[:1]) + "2026-11-16,short\n\n" + csv_text(ROWS[1:]).partition("\n")[2]
    (chunk,) = read(text.encode(), report().layout).chunks
    assert cut_lines(chunk) == [canonical(list(row.values())) for row in ROWS]
    assert (chunk.lines.tolist(), [row.line for row in chunk.misshapen]) == ([2, 5], [3])


def test_a_record_without_an_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_pieces, "LONGEST_RECORD", 5_000)
    text = csv_text(ROWS) + '"' + "x\n" * 10_000
    with pytest.raises(PublicationRefused, match="line 4: a quoted cell begins here and is never closed"):
        read(text.encode(), report().layout, 1_000)


def test_latin1_that_turns_into_utf8_is_refused() -> None:
    first, second = csv_text(ROWS * 9).encode("latin-1"), csv_text(ROWS * 9).partition("\n")[2].encode()
    with pytest.raises(PublicationRefused, match="Latin-1 before and UTF-8 from about here"):
        read(first + second, report().layout, 1_000)


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=9) | (
    st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", " x ", 'a"b', '",\n"', "", "=1+1", "é"])
)


@settings(max_examples=60)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(PIECES))
def test_whatever_cells_hold_they_come_back_as_they_were(values: list[list[str]], size: int) -> None:
    keys = ("mail_address", "plan_name", "agency_name")
    rows: list[Row] = [book_row(ALICE, n, **dict(zip(keys, cells, strict=True))) for n, cells in enumerate(values)]
    text = "\n".join([canonical(report().layout.headers), *(canonical(list(row.values())) for row in rows)])
    file = read(text.encode(), report().layout, size)
    assert file.rows.select(keys).rows() == [tuple(cells) for cells in values]
    for chunk in (chunk for chunk in file.chunks if chunk.raw is not None):
        assert cut_lines(chunk) == [canonical(row) for row in chunk.rows.rows()]
