"""Rows with faults, kept for staff: a heading of layout keys, then the number of the line and the cells of each.

They wait in the spill as they are found and are sealed in frames of a size that can be opened: the first belongs to the
publication, further ones to names derived from it.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

import numpy as np

from extranet.profile.layouts import Layout
from extranet.reports.checks import CheckedChunk
from extranet.reports.gather import lines_left_out
from extranet.reports.header import Header
from extranet.reports.lines import block_of, canonical, frame_text
from extranet.reports.sources.chunk import Places
from extranet.reports.spill import Spill

FRAME_BYTES = 16 * 1024 * 1024
_NAME = "quarantine"


@dataclass(frozen=True)
class QuarantineFrame:
    """Up to FRAME_BYTES of faulty rows, heading included, as the text of a frame."""

    owner: UUID
    rows: int
    text: bytes = field(repr=False)


def keep_faulty(spill: Spill, checked: CheckedChunk) -> None:
    """The faulty rows of a chunk, misshapen ones last."""
    if not checked.quarantined:
        return
    lines, cells = checked.faulty_lines.tolist(), checked.faulty.iter_rows()
    rows = [[str(line), *row] for line, row in zip(lines, cells, strict=True)]
    rows += [[str(row.line), *row.cells] for row in checked.misshapen]
    spill.add_text(_NAME, block_of(canonical(row) for row in rows))


def keep_left_out(spill: Spill, left_out: Places, lines: Mapping[int, int], layout: Layout, header: Header) -> None:
    """Rows that were good alone and are not beside others. ``lines``: number of the line by ordinal."""
    if not len(left_out):
        return
    for group in range(spill.groups):
        found = lines_left_out(spill.read_group(group), left_out)
        rows = [
            [str(lines[ordinal]), *cells_of(stable, volatile, layout, header)] for ordinal, stable, volatile in found
        ]
        if rows:
            spill.add_text(_NAME, block_of(canonical(row) for row in rows))


def quarantine_frames(spill: Spill, publication: UUID, layout: Layout) -> Iterator[QuarantineFrame]:
    """Everything that was kept, in frames; none if nothing was."""
    return frames_of(spill.read_texts(_NAME), publication, layout)


def frames_of(texts: Iterable[bytes], publication: UUID, layout: Layout) -> Iterator[QuarantineFrame]:
    """Blocks of lines of the quarantine, in frames."""
    waiting: list[bytes] = []
    number = 0
    for text in texts:
        if waiting and sum(map(len, waiting)) + len(text) > FRAME_BYTES:
            yield _frame(waiting, publication, number, layout)
            waiting, number = [], number + 1
        waiting.append(text)
    if waiting:
        yield _frame(waiting, publication, number, layout)


def _frame(texts: list[bytes], publication: UUID, number: int, layout: Layout) -> QuarantineFrame:
    heading = block_of([canonical(["line", *layout.keys])])
    owner = publication if not number else uuid5(publication, f"{_NAME} {number}")
    block = b"".join([heading, *texts])
    rows = sum(_rows_in(text) for text in texts)
    return QuarantineFrame(owner, rows, frame_text(rows + 1, block, b""))


def _rows_in(text: bytes) -> int:
    return sum(1 for _ in csv.reader(io.StringIO(text.decode(), newline="")))


def cells_of(stable: bytes, volatile: bytes, layout: Layout, header: Header) -> list[str]:
    """A row as it came, from its two lines."""
    cells = dict(header.constants)
    for keys, line in ((header.stable, stable), (header.volatile, volatile)):
        if keys:
            cells |= dict(zip(keys, next(csv.reader(io.StringIO(line.decode(), newline=""))), strict=True))
    return [cells.get(key, "") for key in layout.keys]


def lines_of_ordinals(spill: Spill, ordinals: Places) -> dict[int, int]:
    """The number of the line of each of these rows."""
    every = spill.read_column("line", np.int64)
    return dict(zip(ordinals.tolist(), every[ordinals].tolist(), strict=True))
