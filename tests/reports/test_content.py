"""The digest of a table: the same for the same rows, however they are cut and ordered."""

import polars as pl

from extranet.reports.spark.content import sha256_of, sum_of_rows

ROWS = pl.DataFrame({"license": ["1H10001", "1H10002", "1H10003"], "name": ["Alice", "Bob, Esq.", ""]})


def test_order_and_parts_make_no_difference() -> None:
    parts = [ROWS[2:], ROWS[:2].reverse()]
    assert sha256_of(sum(map(sum_of_rows, parts)), 3) == sha256_of(sum_of_rows(ROWS), 3)


def test_another_value_another_row_or_a_row_twice_make_another() -> None:
    others = [ROWS.with_columns(name=pl.lit("Charlie")), ROWS[:2], pl.concat([ROWS, ROWS[:1]])]
    found = {sha256_of(sum_of_rows(rows), rows.height) for rows in [ROWS, *others]}
    assert len(found) == 4


def test_a_cell_does_not_run_into_the_next() -> None:
    first, second = pl.DataFrame({"a": ["x,y"], "b": [""]}), pl.DataFrame({"a": ["x"], "b": ["y,"]})
    assert sum_of_rows(first) != sum_of_rows(second)
