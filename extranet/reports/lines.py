"""Canonical CSV lines, in layout order, in two blocks: what stays from week to week, and what changes by nature.

A value is quoted only where it must be; every line ends in one newline; a column that is constant for the publication
is in neither block but once in the header. The text of a frame is ``<rows> <bytes of the stable block>\\n``, the stable
block, the volatile block: row n of one belongs to row n of the other.
"""

import csv
import io
from collections.abc import Collection, Iterable, Sequence

import polars as pl

from extranet.reports.refusals import IntegrityBroken

_QUOTED = '[,"\r\n]'


def canonical(values: Sequence[str]) -> str:
    """One line, without its newline. No columns make an empty line; one empty column makes two quotes."""
    if len(values) == 1 and not values[0]:
        return '""'
    return ",".join(_cell(value) for value in values)


def line_of(keys: Sequence[str], *, quoted: Collection[str] | None = None) -> pl.Expr:
    """``canonical`` for whole columns at once. ``quoted``: the columns in which a cell may need quotes; None: any."""
    if not keys:
        return pl.lit("")
    cells = [_quoted(pl.col(key)) if quoted is None or key in quoted else pl.col(key) for key in keys]
    if len(keys) == 1:
        return pl.when(pl.col(keys[0]) == "").then(pl.lit('""')).otherwise(cells[0])
    return pl.concat_str(cells, separator=",")


def needs_quotes(value: str) -> bool:
    return any(sign in value for sign in ',"\r\n')


def columns_to_quote(rows: pl.DataFrame, asked: Collection[str] | None = None) -> set[str]:
    """The columns, of those asked about or of all, in which some cell needs quotes."""
    found = rows.select(pl.col(*(asked or rows.columns)).str.contains(_QUOTED).any())
    return {name for name in found.columns if found[name][0]}


def frame_text(rows: int, stable: bytes, volatile: bytes) -> bytes:
    """The text of one frame from its blocks; each line of a block ends in a newline."""
    return b"".join([f"{rows} {len(stable)}\n".encode(), stable, volatile])


def split_frame(text: bytes) -> tuple[int, bytes, bytes]:
    """Number of rows, stable and volatile block; raises IntegrityBroken."""
    head, _, body = text.partition(b"\n")
    try:
        rows, length = (int(part) for part in head.split(b" "))
    except ValueError:
        raise IntegrityBroken("a frame does not begin with its counts") from None
    return rows, body[:length], body[length:]


def parse_block(block: bytes, columns: int | None) -> list[list[str]]:
    """The rows of one block; raises IntegrityBroken where a row has another number of columns (None: any number)."""
    try:
        rows = list(csv.reader(io.StringIO(block.decode(), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError):
        raise IntegrityBroken("a frame holds something that is no CSV") from None
    if columns is not None and any(len(row) != columns for row in rows):
        raise IntegrityBroken("a frame holds a line of another width than its header")
    return rows


def parse_frame(text: bytes, *, stable: int, volatile: int) -> tuple[list[list[str]], list[list[str]]]:
    """Rows of both blocks, each with that number of columns; a block without columns gives empty rows."""
    rows, first, second = split_frame(text)
    blocks = []
    for block, columns in ((first, stable), (second, volatile)):
        parsed = parse_block(block, columns) if columns else [[] for _ in range(rows)]
        if len(parsed) != rows:
            raise IntegrityBroken(f"a frame says {rows} rows and holds {len(parsed)}")
        blocks.append(parsed)
    return blocks[0], blocks[1]


def block_of(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _cell(value: str) -> str:
    if needs_quotes(value):
        return '"' + value.replace('"', '""') + '"'
    return value


def _quoted(column: pl.Expr) -> pl.Expr:
    inner = column.str.replace_all('"', '""', literal=True)
    quoted = pl.concat_str([pl.lit('"'), inner, pl.lit('"')])
    return pl.when(column.str.contains(_QUOTED)).then(quoted).otherwise(column)
