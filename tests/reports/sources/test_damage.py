"""Whatever happens to a file on its way: it is refused, or what it says is read. Nothing crashes, hangs or stays."""

import io
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extranet.reports.refusals import PublicationRefused
from tests.reports.sources.files import ROWS, archive, chunks_of, parquet, workbook

WORKBOOK, PARQUET = workbook(typed=True), parquet(typed=True)
FEW = settings(max_examples=25, derandomize=True)
places = st.floats(0, 1, exclude_max=True)
flips = st.lists(st.tuples(places, st.integers(0, 7)), min_size=1, max_size=8)


def flipped(data: bytes, where: list[tuple[float, int]]) -> bytes:
    spoiled = bytearray(data)
    for place, bit in where:
        spoiled[int(place * len(data))] ^= 1 << bit
    return bytes(spoiled)


def opened_or_refused(data: bytes) -> None:
    with suppress(PublicationRefused):  # the only other way in which it may end
        assert sum(chunk.count for chunk in chunks_of(data)) >= 1
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("data", [WORKBOOK, PARQUET], ids=["workbook", "parquet"])
@FEW
@given(length=places)
def test_a_file_that_was_cut_is_refused(data: bytes, length: float) -> None:
    with pytest.raises(PublicationRefused) as refusal:
        chunks_of(data[: int(length * len(data))])
    assert refusal.value.lines[0]


@pytest.mark.parametrize("data", [WORKBOOK, PARQUET], ids=["workbook", "parquet"])
@FEW
@given(where=flips)
def test_flipped_bits_are_survived(data: bytes, where: list[tuple[float, int]]) -> None:
    opened_or_refused(flipped(data, where))


@FEW
@given(where=flips, part=st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"]))
def test_a_workbook_whose_parts_are_wrong_in_a_right_archive_is_survived(
    where: list[tuple[float, int]], part: str
) -> None:
    opened_or_refused(with_part(part, lambda data: flipped(data, where)))


@FEW
@given(length=places, part=st.sampled_from(["xl/worksheets/sheet1.xml", "xl/styles.xml"]))
def test_a_part_that_was_cut_before_it_was_packed_is_never_read_in_part(length: float, part: str) -> None:
    with pytest.raises(PublicationRefused, match="damaged"):
        chunks_of(with_part(part, lambda data: data[: int(length * len(data))]))


def with_part(part: str, act: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    return archive({**parts, part: act(parts[part])})


def test_the_files_are_right_before_they_are_spoiled() -> None:
    for data in (WORKBOOK, PARQUET):
        assert sum(chunk.count for chunk in chunks_of(data)) == len(ROWS)
