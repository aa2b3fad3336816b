"""Canonical lines: what goes in comes out, whatever signs a cell holds."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extranet.reports.lines import block_of, canonical, columns_to_quote, frame_text, line_of, parse_frame, split_frame
from extranet.reports.refusals import IntegrityBroken

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["", '"', '""', ",", "\n", "\r\n", " x ", "'", '",\n"']
)


def tables(width: int) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=5)


def frame(stable: list[list[str]], volatile: list[list[str]]) -> bytes:
    return frame_text(len(stable), block_of(map(canonical, stable)), block_of(map(canonical, volatile)))


@given(
    tables(3).flatmap(
        lambda first: st.tuples(st.just(first), st.lists(cells, min_size=len(first), max_size=len(first)))
    )
)
def test_lines_come_back_as_they_went_in(tables: tuple[list[list[str]], list[str]]) -> None:
    stable, last = tables
    volatile = [[cell] for cell in last]
    assert parse_frame(frame(stable, volatile), stable=3, volatile=1) == (stable, volatile)


@given(tables(2))
def test_whole_columns_give_the_same_lines_as_single_rows(rows: list[list[str]]) -> None:
    table = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    assert table.select(line_of(["a", "b"])).to_series().to_list() == [canonical(row) for row in rows]
    sparing = table.select(line_of(["a", "b"], quoted=columns_to_quote(table))).to_series()
    assert sparing.to_list() == [canonical(row) for row in rows]
    assert table.select(line_of(["b"])).to_series().to_list() == [canonical(row[1:]) for row in rows]


def test_a_value_is_quoted_only_where_it_must_be() -> None:
    assert canonical(["a b", "O'Brien", "x,y", 'say "no"', "", "1\n2"]) == 'a b,O\'Brien,"x,y","say ""no""",,"1\n2"'


def test_a_report_without_volatile_columns_has_an_empty_second_block() -> None:
    text = frame_text(2, b"a\nb\n", b"")
    assert parse_frame(text, stable=1, volatile=0) == ([["a"], ["b"]], [[], []])


@pytest.mark.parametrize(
    "text",
    [b"", b"x y\n", frame_text(2, b"a,b\n", b"c\n"), frame_text(1, b"a\n", b"c\n"), frame_text(1, b"a,b,c\n", b"d\n")],
)
def test_a_frame_that_does_not_hold_what_it_says_is_refused(text: bytes) -> None:
    with pytest.raises(IntegrityBroken):
        parse_frame(text, stable=2, volatile=1)


def test_a_frame_says_its_rows_and_where_its_blocks_part() -> None:
    assert split_frame(frame_text(1, "é,b\n".encode(), b"c\n")) == (1, "é,b\n".encode(), b"c\n")
