"""What an executor does with its rows then: gather each owner's lines, seal them under a data key of their own, and
lock that key into a box that only the driver can open.

An executor holds the data key of a frame while it seals it, and no key of an agent or of the system ever.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

import polars as pl
import pyarrow as pa

from extranet.profile.layouts import Layout
from extranet.reports.header import Header
from extranet.reports.lines import block_of, canonical, frame_text
from extranet.reports.quarantine import cells_of, frames_of
from extranet.vault.boxes import close_box
from extranet.vault.sealing import frame_aad, new_key, seal_frame

FRAMES = pa.schema(
    [
        ("owner", pa.binary()),
        ("frame", pa.string()),
        ("rows", pa.int64()),
        ("cases", pa.int64()),
        ("sealed", pa.binary()),
        ("box", pa.binary()),
    ]
)
_BATCH_BYTES = 16 * 1024 * 1024


class _Made(TypedDict):
    owner: bytes
    frame: str
    rows: int
    cases: int
    sealed: bytes
    box: bytes


@dataclass(frozen=True)
class SealOrder:
    """What an executor is told. ``public`` closes boxes and opens none; ``names``: of the frames of agents (True) and
    of rows that wait (False)."""

    publication: UUID
    layout: Layout
    header: Header
    public: bytes
    names: Mapping[bool, str]
    quarantine: str


@dataclass
class _Gathered:
    """The rows of one owner so far."""

    owner: bytes
    is_agents: bool
    rows: int = 0
    cases: set[int] = field(default_factory=set)
    stable: list[bytes] = field(default_factory=list)
    volatile: list[bytes] = field(default_factory=list)

    def take(self, rows: pl.DataFrame) -> None:
        self.rows += rows.height
        self.cases.update(rows["case"].to_list())
        self.stable += rows["stable"].to_list()
        self.volatile += rows["volatile"].to_list()


def seal_rows(batches: Iterator[pa.RecordBatch], order: SealOrder) -> Iterator[pa.RecordBatch]:
    """Frames of the owners of this partition, whose rows come owner by owner, each in the order of the lines."""
    return _batches(_sealed_books(_gathered(batches), order))


def seal_quarantine(batches: Iterator[pa.RecordBatch], order: SealOrder) -> Iterator[pa.RecordBatch]:
    """Frames of all faulty rows, which come in the order of their lines."""
    texts = (_quarantine_text(pl.DataFrame(batch), order) for batch in batches if batch.num_rows)
    frames = frames_of(texts, order.publication, order.layout)
    made = (_frame(order, frame.owner, order.quarantine, frame.rows, 0, frame.text) for frame in frames)
    return _batches(made)


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[_Gathered]:
    now: _Gathered | None = None
    for batch in batches:
        if not batch.num_rows:
            continue
        rows = pl.DataFrame(batch)
        for run in rows.with_columns(run=pl.col("owner").rle_id()).partition_by("run", maintain_order=True):
            owner = run["owner"][0]
            if now is None or now.owner != owner:
                if now is not None:
                    yield now
                now = _Gathered(owner, run["is_agents"][0])
            now.take(run)
    if now is not None:
        yield now


def _sealed_books(books: Iterable[_Gathered], order: SealOrder) -> Iterator[_Made]:
    for book in books:
        text = frame_text(book.rows, b"".join(book.stable), b"".join(book.volatile))
        yield _frame(order, UUID(bytes=book.owner), order.names[book.is_agents], book.rows, len(book.cases), text)


def _quarantine_text(rows: pl.DataFrame, order: SealOrder) -> bytes:
    """A faulty row has its line already; one that was good alone gets it from its two lines."""
    found = []
    for line, is_good, stable, volatile in rows.select("line", "is_good", "stable", "volatile").iter_rows():
        if is_good:
            cells = cells_of(stable, volatile, order.layout, order.header)
            found.append(block_of([canonical([str(line), *cells])]))
        else:
            found.append(stable)
    return b"".join(found)


def _frame(order: SealOrder, owner: UUID, name: str, rows: int, cases: int, text: bytes) -> _Made:
    aad, data_key = frame_aad(order.header.kind, order.publication, owner, name), new_key()
    return {
        "owner": owner.bytes,
        "frame": name,
        "rows": rows,
        "cases": cases,
        "sealed": seal_frame(text, data_key, aad),
        "box": close_box(order.public, data_key, aad),
    }


def _batches(made: Iterable[_Made]) -> Iterator[pa.RecordBatch]:
    waiting: list[_Made] = []
    size = 0
    for one in made:
        waiting.append(one)
        size += len(one["sealed"])
        if size > _BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(waiting, schema=FRAMES)
            waiting, size = [], 0
    if waiting:
        yield pa.RecordBatch.from_pylist(waiting, schema=FRAMES)
