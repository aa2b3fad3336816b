"""The cells of a book, read from frames: small and large books are read in two ways and hold the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extranet.reports.columns import Framed, Listed, read_columns
from extranet.reports.header import BookColumn, Header
from extranet.reports.lines import block_of, canonical, frame_text
from extranet.reports.refusals import IntegrityBroken

BOM = "\ufeff"
KEYS = ("case", "name", "day", "note", "late")  # in the order of the layout; "day" is constant
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["", '"', '""', ",", "\n", "\r\n", " x ", "'", '",\n"', BOM, f"{BOM}x", "#", "\r", "null", "\u0085", "\u2028"]
)
rows_of_cells = st.lists(st.tuples(cells, cells, cells, cells), max_size=5)
Cells = tuple[str, str, str, str]


def header(*, volatile: tuple[str, ...] = ("late",)) -> Header:
    flags = dict.fromkeys(("shown", "facet", "personal", "searchable", "sortable"), True)
    columns = tuple(BookColumn(key=key, header=key, type="text", description="", **flags) for key in KEYS)
    stable = tuple(key for key in KEYS if key not in ("day", *volatile))
    return Header(
        kind="book",
        title="Book",
        as_of=date(2026, 11, 16),
        layout_version="1",
        agent_column="name",
        case_column="case",
        default_sort=("name",),
        columns=columns,
        stable=stable,
        volatile=volatile,
        constants={"day": "2026-11-16"},
    )


def frame(rows: list[Cells]) -> bytes:
    stable, volatile = [canonical(row[:3]) for row in rows], [canonical(row[3:]) for row in rows]
    return frame_text(len(rows), block_of(stable), block_of(volatile))


def whole(row: Cells) -> tuple[str, ...]:
    return (row[0], row[1], "2026-11-16", row[2], row[3])


@given(rows_of_cells, rows_of_cells)
def test_rows_come_back_as_they_went_in_whichever_way_they_are_read(first: list[Cells], more: list[Cells]) -> None:
    frames, expected = [frame(first), frame(more)], [whole(row) for row in [*first, *more]]
    for kind, up_to in ((Listed, len(expected)), (Framed, len(expected) - 1)):
        columns = read_columns(header(), frames, listed_up_to=up_to)
        assert isinstance(columns, kind)
        assert columns.rows(range(columns.size)) == expected
        assert columns.frame(range(columns.size)).rows() == expected


@pytest.mark.parametrize("up_to", [0, 10], ids=["large", "small"])
def test_columns_are_counted_joined_and_picked_alike(up_to: int) -> None:
    rows: list[Cells] = [("1", "Ann", "x", ""), ("2", "Ben", "x", "z"), ("3", "Ann", "", "")]
    columns = read_columns(header(), [frame(rows)], listed_up_to=up_to)
    assert list(columns.texts("name")) == ["Ann", "Ben", "Ann"]
    assert columns.counts("name", range(3)) == {"Ann": 2, "Ben": 1}
    assert columns.counts("note", [1, 2]) == {"x": 1, "": 1}
    assert list(columns.joined(["case", "late"])) == ["1\n", "2\nz", "3\n"]
    assert columns.rows([2, 0]) == [whole(rows[2]), whole(rows[0])]
    assert columns.frame([1]).rows() == [whole(rows[1])]
    assert columns.rows([]) == columns.frame([]).rows() == []


@pytest.mark.parametrize("up_to", [0, 10], ids=["large", "small"])
def test_a_report_without_volatile_columns_is_read_too(up_to: int) -> None:
    text = frame_text(1, b"1,Ann,x,y\n", b"")
    assert read_columns(header(volatile=()), [text], listed_up_to=up_to).rows([0]) == [
        ("1", "Ann", "2026-11-16", "x", "y")
    ]


def test_an_agent_without_frames_has_an_empty_book() -> None:
    columns = read_columns(header(), [])
    assert (columns.size, list(columns.texts("day")), columns.frame(range(0)).width) == (0, [], 5)


BROKEN = {
    "fewer rows": frame_text(2, b"1,Ann,x\n", b"a\n"),
    "fewer in the second block": frame_text(2, b"1,Ann,x\n2,Ben,y\n", b"a\n"),
    "a short line": frame_text(2, b"1,Ann,x\n2,Ben\n", b"a\nb\n"),
    "a long line": frame_text(2, b"1,Ann,x\n2,Ben,y,z\n", b"a\nb\n"),
    "short and long": frame_text(2, b"1,Ann\n2,Ben,y,z\n", b"a\nb\n"),
    "short, with a comma in quotes": frame_text(2, b'1,Ann,x\n2,"Ben, y"\n', b"a\nb\n"),
    "an open quote": frame_text(2, b'1,Ann,x\n2,"Ben,y\n', b"a\nb\n"),
    "no UTF-8": frame_text(2, b"1,Ann,x\n2,B,y\n", b"a\nb\n").replace(b"B", b"\xff"),
    "no counts": b"x y\n",
    "nothing": b"",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("up_to", [0, 10], ids=["large", "small"])
def test_a_frame_that_does_not_hold_what_it_says_is_refused(text: bytes, up_to: int) -> None:
    with pytest.raises(IntegrityBroken):
        read_columns(header(), [text], listed_up_to=up_to)
