"""A table, or Parquet, on a cluster as something to publish."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from uuid import UUID

import polars as pl
from pyspark.sql import DataFrame

from extranet.profile.layouts import ReportKind
from extranet.reports.progress import Progress
from extranet.reports.publish import report_named
from extranet.reports.run import Elsewhere
from extranet.reports.sources.parquet import texts_of
from extranet.reports.spark.check_rows import sum_rows
from extranet.reports.spark.content import sha256_of
from extranet.reports.spark.first_pass import read
from extranet.reports.spark.run import SparkRun
from extranet.reports.spark.session import opened, session, told_apart


class SparkTable(Elsewhere):
    """Read where it lies. ``sha256`` costs a reading of its own unless the rows were read before."""

    def __init__(self, table: DataFrame, report: ReportKind) -> None:
        self._table, self._report, self._sha256 = table, report, ""

    def sha256(self) -> str:
        if not self._sha256:
            layout = self._report.layout
            texts_of(pl.DataFrame(self._table.limit(0).toArrow()).schema, layout)
            with told_apart():
                sums = self._table.mapInArrow(partial(sum_rows, layout=layout), "content string, rows bigint").collect()
            self._sha256 = sha256_of(sum(int(row.content, 16) for row in sums), sum(row.rows for row in sums))
        return self._sha256

    @contextmanager
    def begun(
        self, report: ReportKind, *, as_of: date, agents: Mapping[str, UUID], progress: Progress
    ) -> Iterator[SparkRun]:
        progress("read", 0, 1)
        with told_apart(), read(self._table, report, as_of=as_of, agents=agents) as found:
            self._sha256 = found.sha256
            progress("read", found.sorted.rows_in, found.sorted.rows_in)
            yield SparkRun(report, found.sorted, found)


@contextmanager
def opened_table(name: str, *, kind: str) -> Iterator[SparkTable]:
    """The table ``name``, or the Parquet at that path, to be published as ``kind``. Raises UsageRefused,
    PublicationRefused."""
    report = report_named(kind)
    with session() as spark:
        yield SparkTable(opened(spark, name), report)
