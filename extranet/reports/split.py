"""Gather each owner's lines. The order of the file is kept within an owner."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from extranet.reports.assign import OWNER, Owner
from extranet.reports.checks import Checked
from extranet.reports.header import Header
from extranet.reports.lines import STABLE, VOLATILE, block_of, canonical, frame_text, line_of
from extranet.reports.reading import LINE, ReadFile


@dataclass(frozen=True)
class Portion:
    """All rows of one owner, as the text of a frame."""

    owner: Owner
    rows: int
    cases: int
    text: bytes = field(repr=False)


def split(rows: pl.DataFrame, owners: list[Owner], header: Header) -> Iterator[Portion]:
    """One portion an owner, in the order in which the owners first stand in the file."""
    lines = rows.select(
        OWNER,
        pl.col(header.case_column).alias("_case"),
        line_of(header.stable).alias(STABLE),
        line_of(header.volatile).alias(VOLATILE),
    )
    gathered = lines.group_by(OWNER, maintain_order=True).agg(
        pl.len().alias("_rows"),
        pl.col("_case").n_unique(),
        (pl.col(STABLE) + "\n").str.join(""),
        (pl.col(VOLATILE) + "\n").str.join(""),
    )
    for place, count, cases, stable, volatile in gathered.iter_rows():
        yield Portion(owners[place], count, cases, frame_text(count, stable, volatile if header.volatile else ""))


def quarantine_text(file: ReadFile, checked: Checked) -> bytes:
    """The rows with faults for staff: a heading of layout keys, then line number and cells; misshapen rows last.

    Blank if there are none. Everything stands in the stable block, since the rows may have any width.
    """
    if not checked.quarantined:
        return b""
    keys = [name for name in checked.faulty.columns if name != LINE]
    rows = [["line", *keys]]
    rows += [[str(line), *cells] for line, *cells in checked.faulty.select(LINE, *keys).iter_rows()]
    rows += [[str(row.line), *row.cells] for row in checked.misshapen]
    return frame_text(len(rows), block_of(canonical(row) for row in rows), "")
