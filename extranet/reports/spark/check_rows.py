"""What an executor does with its rows first: check them, say whose each is, cut its lines. No database and no key.

A row leaves as its line of the table, its owner, its digests and its two lines; a faulty one as its line of the
quarantine. What was counted leaves in one last row a partition, as JSON.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark import TaskContext

from extranet.profile.layouts import Layout, ReportKind
from extranet.reports.checks import FAULTS_KEPT, Check, CheckedChunk
from extranet.reports.cut import lines_of
from extranet.reports.figures import FigureCount, Figures
from extranet.reports.header import Header
from extranet.reports.identity import Seeds, digests_of
from extranet.reports.lines import block_of, canonical
from extranet.reports.money import Sums, add, money_columns, money_sums, no_sums
from extranet.reports.owner import owner_of
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.chunk import Chunk, Fault
from extranet.reports.sources.parquet import texts_of
from extranet.reports.sources.texts import refuse_nul
from extranet.reports.spark.content import sum_of_rows

ROWS = pa.schema(
    [
        ("line", pa.int64()),
        ("is_good", pa.bool_()),
        ("is_agents", pa.bool_()),
        ("owner", pa.binary()),
        ("license", pa.string()),
        ("first", pa.int64()),
        ("second", pa.int64()),
        ("case", pa.int64()),
        ("member", pa.int64()),
        ("stable", pa.binary()),  # each line with its newline; of a faulty row its line of the quarantine
        ("volatile", pa.binary()),
        ("seen", pa.string()),
    ]
)


@dataclass(frozen=True)
class CheckOrder:
    """What an executor is told. ``agents``: license -> agent; ``first_lines``: of each partition."""

    report: ReportKind
    as_of: date
    header: Header
    agents: Mapping[str, UUID] = field(repr=False)
    seeds: Seeds = field(repr=False)
    first_lines: tuple[int, ...]
    polars: str


@dataclass(frozen=True)
class Seen:
    """What a partition held. ``content`` is the sum of the digests of its rows; ``refused`` ends everything."""

    partition: int
    rows: int
    content: int
    constants: dict[str, str]
    sums: Sums
    figures: Figures
    faults: list[Fault]
    refused: list[str]

    def to_json(self) -> str:
        told = asdict(self) | {"sums": {key: str(amount) for key, amount in self.sums.items()}}
        return json.dumps(told, default=dict)

    @classmethod
    def from_json(cls, text: str) -> "Seen":
        told = json.loads(text)
        told["sums"] = {key: Decimal(amount) for key, amount in told["sums"].items()}
        told["figures"] = Figures.from_json(told["figures"])
        told["faults"] = [Fault(**fault) for fault in told["faults"]]
        return cls(**told)


def count_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """How many rows this partition has."""
    rows = sum(batch.num_rows for batch in batches)
    yield pa.RecordBatch.from_pydict({"partition": pa.array([_partition()], pa.int32()), "rows": [rows]})


def sum_rows(batches: Iterator[pa.RecordBatch], layout: Layout) -> Iterator[pa.RecordBatch]:
    """The sum of the digests of this partition's rows, in hex, and their number."""
    content = rows = 0
    for batch in batches:
        if batch.num_rows:
            content += sum_of_rows(_texts(batch, layout))
            rows += batch.num_rows
    yield pa.RecordBatch.from_pydict({"content": [f"{content:x}"], "rows": [rows]})


def check_rows(batches: Iterator[pa.RecordBatch], order: CheckOrder) -> Iterator[pa.RecordBatch]:
    """Every row of this partition, and what was seen. A refusal is told to the driver, which alone can refuse."""
    checking, refused = _Checking(order, _partition()), list[str]()
    try:
        if order.polars != pl.__version__:
            raise PublicationRefused(
                f"an executor has polars {pl.__version__} and the driver {order.polars}: give both the same packages"
            )
        for batch in batches:
            if batch.num_rows:
                yield checking.take(batch)
    except PublicationRefused as error:
        refused = error.lines
    yield _batch({"seen": [checking.seen(refused).to_json()]}, 1)


class _Checking:
    """One partition on its way."""

    def __init__(self, order: CheckOrder, partition: int) -> None:
        self._order, self._partition = order, partition
        self._check = Check(order.report, order.as_of)
        self._figures = FigureCount(order.report.layout)
        self._money = money_columns(order.header)
        self._sums = no_sums(order.header)
        self._faults: list[Fault] = []
        self._rows = self._content = 0

    def take(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        order = self._order
        rows = _texts(batch, order.report.layout)
        first = order.first_lines[self._partition] + self._rows
        chunk = Chunk(rows, np.arange(first, first + rows.height, dtype=np.int64))
        self._rows += rows.height
        refuse_nul(rows, chunk.lines, order.report.layout)
        checked = self._check.take(chunk)
        self._faults = (self._faults + checked.faults)[:FAULTS_KEPT]
        add(self._sums, money_sums(rows, self._money))
        self._figures.add(rows, checked.counted)
        self._content += sum_of_rows(rows)
        return _batch(_columns(checked, order), rows.height)

    def seen(self, refused: list[str]) -> Seen:
        figures = self._figures.figures(members=0, cases=0)  # different ones: only the whole table can tell
        return Seen(
            self._partition,
            self._rows,
            self._content,
            self._check.constants,
            self._sums,
            figures,
            self._faults,
            refused,
        )


def _texts(batch: pa.RecordBatch, layout: Layout) -> pl.DataFrame:
    typed = pl.DataFrame(batch)
    return typed.select(texts_of(typed.schema, layout))


def _columns(checked: CheckedChunk, order: CheckOrder) -> dict[str, object]:
    rows, digests = checked.chunk.rows, digests_of(checked.chunk.rows, order.report, order.seeds)
    licenses = rows[order.report.agent_column].to_list()
    owners = {license: owner_of(license, order.agents).bytes for license in set(licenses)}
    stable, volatile = _lines(checked, order)
    return {
        "line": checked.chunk.lines,
        "is_good": checked.is_good,
        "is_agents": [license in order.agents for license in licenses],
        "owner": [owners[license] for license in licenses],
        "license": licenses,
        "first": digests.first.view(np.int64),
        "second": digests.second.view(np.int64),
        "case": digests.case.view(np.int64),
        "member": digests.member.view(np.int64),
        "stable": stable,
        "volatile": volatile,
    }


def _lines(checked: CheckedChunk, order: CheckOrder) -> tuple[list[bytes], list[bytes]]:
    """Of every row, in its order."""
    stable, volatile = [b""] * len(checked.is_good), [b""] * len(checked.is_good)
    good = np.flatnonzero(checked.is_good)
    lines = lines_of(checked.chunk, good, order.report.layout, order.header)
    for place, line in zip(good.tolist(), lines.stable, strict=True):
        stable[place] = line + b"\n"
    for place, line in zip(good.tolist(), lines.volatile, strict=bool(lines.volatile)):
        volatile[place] = line + b"\n"
    bad = zip(np.flatnonzero(~checked.is_good).tolist(), checked.faulty_lines.tolist(), strict=True)
    for (place, line), cells in zip(bad, checked.faulty.iter_rows(), strict=True):
        stable[place] = block_of([canonical([str(line), *cells])])
    return stable, volatile


def _batch(columns: Mapping[str, object], rows: int) -> pa.RecordBatch:
    """Columns that are not given are null."""
    arrays = [
        pa.array(columns[one.name], one.type) if one.name in columns else pa.nulls(rows, one.type) for one in ROWS
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=ROWS)


def _partition() -> int:
    context = TaskContext.get()
    return context.partitionId() if context is not None else 0
