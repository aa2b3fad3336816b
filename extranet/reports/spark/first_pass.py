"""The first pass on a cluster: executors check every row, the driver learns what only the whole table can tell.

Here come counts, digests and numbers of lines; no row does.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import accumulate
from uuid import UUID

import numpy as np
import polars as pl
from pyspark.sql import DataFrame
from pyspark.sql.functions import broadcast, lit
from pyspark.sql.functions import max as most
from pyspark.sql.pandas.types import from_arrow_schema

from extranet.profile.layouts import ReportKind
from extranet.reports.checks import FAULTS_KEPT
from extranet.reports.figures import FigureCount
from extranet.reports.header import header_of
from extranet.reports.identity import REASON, Seeds, identity_names
from extranet.reports.money import add, no_sums
from extranet.reports.owner import Owner
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sort_rows import Sorted
from extranet.reports.sources.chunk import Fault
from extranet.reports.sources.parquet import FIRST_LINE, texts_of
from extranet.reports.spark.check_rows import ROWS, CheckOrder, Seen, check_rows, count_rows
from extranet.reports.spark.content import sha256_of
from extranet.reports.spark.session import kept

SCHEMA = from_arrow_schema(ROWS)


@dataclass(frozen=True)
class Read:
    """A table of which every row was checked. ``good`` and ``faulty`` stay on the cluster."""

    sorted: Sorted
    sha256: str
    good: DataFrame = field(repr=False)
    faulty: DataFrame = field(repr=False)


@contextmanager
def read(table: DataFrame, report: ReportKind, *, as_of: date, agents: Mapping[str, UUID]) -> Iterator[Read]:
    """Raises PublicationRefused."""
    texts_of(pl.DataFrame(table.limit(0).toArrow()).schema, report.layout)
    counts = _counts(table)
    order = CheckOrder(
        report=report,
        as_of=as_of,
        header=header_of(report, as_of=as_of, constants={}),
        agents=agents,
        seeds=Seeds(),
        first_lines=tuple(accumulate(counts, initial=FIRST_LINE)),
        polars=pl.__version__,
    )
    with kept(table.mapInArrow(partial(check_rows, order=order), SCHEMA)) as checked:
        seen = [Seen.from_json(row.seen) for row in checked.where("seen is not null").select("seen").collect()]
        seen.sort(key=lambda one: one.partition)
        constants = _require_one(seen, counts, order)
        yield _read(checked.where("seen is null"), seen, constants, order)


def _counts(table: DataFrame) -> list[int]:
    """Rows of each partition; a table without rows is refused."""
    found = table.mapInArrow(count_rows, "partition int, rows bigint").collect()
    by_partition = {row.partition: row.rows for row in found}
    if not sum(by_partition.values()):
        raise PublicationRefused("the table has columns and no rows")
    return [by_partition.get(number, 0) for number in range(max(by_partition) + 1)]


def _require_one(seen: list[Seen], counts: list[int], order: CheckOrder) -> dict[str, str]:
    """The constants, which are the same in every partition. Raises PublicationRefused."""
    for one in seen:
        if one.refused:
            raise PublicationRefused(*one.refused)
    if any(one.rows != counts[one.partition] for one in seen) or sum(one.rows for one in seen) != sum(counts):
        raise PublicationRefused("the table changed while it was read: publish a snapshot that nobody writes")
    constants: dict[str, str] = {}
    for one in seen:
        for key, value in one.constants.items():
            if constants.setdefault(key, value) != value:
                name = order.report.layout.by_key[key].header
                raise PublicationRefused(f"{name}: has more than one value; one publication has one")
    return constants


def _read(rows: DataFrame, seen: list[Seen], constants: dict[str, str], order: CheckOrder) -> Read:
    halves = ["first", "second"]
    doubled = rows.groupBy(halves).count().where("count > 1").select(*halves, lit(True).alias("is_doubled"))
    marked = rows.join(broadcast(doubled), halves, "left")
    good = marked.where("is_good and is_doubled is null")
    faulty = marked.where("not is_good or is_doubled")
    twins = marked.where("is_doubled").select("line").orderBy("line").limit(FAULTS_KEPT).collect()
    sorted = _sorted(good, seen, constants, order, [row.line for row in twins])
    content = sha256_of(sum(one.content for one in seen), sorted.rows_in)
    return Read(sorted, content, good, faulty)


def _sorted(
    good: DataFrame, seen: list[Seen], constants: dict[str, str], order: CheckOrder, twins: list[int]
) -> Sorted:
    owners, rows = _owners(good, frozenset(order.agents.values()))
    books = {owner.agent_id: rows[owner.id] for owner in owners if owner.agent_id}
    rows_in, delivered, kept_rows = sum(one.rows for one in seen), sum(books.values()), sum(rows.values())
    cases = good.groupBy("case").agg(most("is_agents").alias("is_agents")).toArrow()
    sums, figures = no_sums(order.header), FigureCount(order.report.layout)
    for one in seen:
        add(sums, one.sums)
        figures.add_counted(one.figures)
    return Sorted(
        header=header_of(order.report, as_of=order.as_of, constants=constants),
        owners=owners,
        rows_in=rows_in,
        delivered=delivered,
        unassigned=kept_rows - delivered,
        quarantined=rows_in - kept_rows,
        delivered_cases=int(np.count_nonzero(cases["is_agents"].to_numpy())),
        figures=figures.figures(members=good.select("member").distinct().count(), cases=cases.num_rows),
        books=books,
        faults=_faults(seen, twins, order),
        sums=sums,
        left_out=np.empty(0, np.int64),  # marked on the cluster
        cases=np.sort(cases["case"].to_numpy().view(np.uint64)),
        seeds=order.seeds,
    )


def _owners(good: DataFrame, certified: frozenset[UUID]) -> tuple[list[Owner], dict[UUID, int]]:
    """Everybody who has rows, and how many."""
    licenses: dict[UUID, set[str]] = {}
    rows: dict[UUID, int] = {}
    for row in good.groupBy("owner", "license").count().collect():
        owner = UUID(bytes=bytes(row.owner))
        licenses.setdefault(owner, set()).add(row.license)
        rows[owner] = rows.get(owner, 0) + row["count"]
    return [Owner(one, one if one in certified else None, frozenset(held)) for one, held in licenses.items()], rows


def _faults(seen: Iterable[Seen], twins: list[int], order: CheckOrder) -> list[Fault]:
    names = identity_names(order.report.layout)
    found = [fault for one in seen for fault in one.faults] + [Fault(line, names, REASON) for line in twins]
    return sorted(found, key=lambda fault: fault.line)[:FAULTS_KEPT]
