"""Parquet as clusters and notebooks write it: typed columns are read as the CSV of the same rows."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from extranet.reports.sources.input_file import InputFile
from extranet.reports.sources.opening import open_source
from extranet.reports.sources.parquet import ParquetFile
from tests.reports.exchange import ALICE, book_row, report
from tests.reports.sources.files import ROWS, chunks_of, parquet, rows_of, written

KEYS = report().layout.keys


def column(key: str, *values: object, kind: object = None) -> list[str]:
    """What a column of these values is read as."""
    rows = [book_row(ALICE, number) for number in range(len(values))]
    cells = pl.Series(key, values, dtype=kind)  # type: ignore[arg-type]  # any type of polars
    return [row[key] for row in rows_of(parquet(rows, replaced={key: cells}))]


@pytest.mark.parametrize("typed", [False, True])
def test_texts_and_typed_columns_are_read_as_the_csv(typed: bool) -> None:
    rows = [*ROWS, book_row(ALICE, 3, is_primary_contact="N", member_premium="0.10", max_aptc="512.00")]
    assert rows_of(parquet(rows, typed=typed)) == rows


def test_amounts_of_every_type_keep_their_cents() -> None:
    assert column("member_premium", 512.0, -0.1, 0.1 + 0.2, 500.095, None) == [
        "512.00", "-0.10", "0.30", "500.095", ""]  # fmt: skip
    assert column("member_premium", 512, -3) == ["512.00", "-3.00"]
    exact = [Decimal("512"), Decimal("0.1"), Decimal("-7.25"), Decimal("0.125")]
    assert column("member_premium", *exact, kind=pl.Decimal(18, 4)) == ["512.00", "0.10", "-7.25", "0.125"]
    assert column("member_premium", *exact[:3], kind=pl.Decimal(18, 2)) == ["512.00", "0.10", "-7.25"]


def test_whole_numbers_that_became_floats_for_their_nulls_are_whole_again() -> None:
    whole = next(column.key for column in report().layout.columns if column.type == "int")
    assert column(whole, 3.0, None, 2.5) == ["3", "", "2.5"]


def test_moments_are_told_in_utc() -> None:
    moments = [datetime(2026, 11, 14, 3, 10, tzinfo=UTC), datetime(2026, 11, 14, 3, 10, 0, 250_000, tzinfo=UTC), None]
    for zone in ("UTC", "America/Los_Angeles"):
        kind = pl.Datetime("us", zone)
        assert column("last_updated", *moments, kind=kind) == [
            "2026-11-14T03:10:00Z", "2026-11-14T03:10:00.250000Z", ""]  # fmt: skip


def test_days_that_were_written_as_midnights_are_days() -> None:
    assert column("date_of_birth", date(1980, 2, 29), None) == ["1980-02-29", ""]
    cells = (datetime(1980, 2, 29), datetime(1980, 2, 29, 7), None)  # noqa: DTZ001 -- written without a zone
    assert column("date_of_birth", *cells) == ["1980-02-29", "1980-02-29T07:00:00", ""]


def test_columns_without_a_value_and_columns_of_categories_are_taken() -> None:
    assert column("gender", None, None, kind=pl.Null) == ["", ""]
    assert column("gender", "Male", "Female", kind=pl.Categorical) == ["Male", "Female"]
    assert column("gender", "Male", None, kind=pl.Enum(["Female", "Male"])) == ["Male", ""]


@pytest.mark.parametrize("group", [700, 1_000_000])
def test_a_long_file_comes_in_chunks_in_its_order(group: int) -> None:
    numbers = [f"{number:010d}" for number in range(45_000)]
    frame = pl.read_parquet(io.BytesIO(parquet(ROWS[:1]))).drop("case_number")
    chunks = chunks_of(written(frame.join(pl.DataFrame({"case_number": numbers}), how="cross"), row_group_size=group))
    assert len(chunks) > 1
    assert max(chunk.count for chunk in chunks) <= 20_000
    assert [case for chunk in chunks for case in chunk.rows["case_number"]] == numbers
    assert [line for chunk in chunks for line in chunk.lines] == list(range(2, 45_002))


def test_a_file_on_the_disk_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "book.parquet"
    path.write_bytes(parquet())
    with path.open("rb") as file:
        source = open_source(InputFile(file))
        assert isinstance(source, ParquetFile)
        (chunk,) = source.chunks(report().layout)
        assert (chunk.count, source.done, source.total) == (2, 2, 2)
