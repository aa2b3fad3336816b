"""A statewide Excel workbook as chunks of text, the same as the CSV of the same rows would give.

What Excel has changed is not guessed back: a license, case number or ZIP that became a number or a day refuses the file
with the place of the first such cell. Hidden rows and columns are read like all others.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, TypedDict

import numpy as np
import polars as pl

from extranet.profile.layouts import Column, Layout
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.child import pieces, size_of
from extranet.reports.sources.chunk import Chunk, MisshapenRow
from extranet.reports.sources.columns import match_columns
from extranet.reports.sources.texts import BOOLEAN, DAY, MOMENT, NUMBER, TEXT, number_text, refuse_nul, why_not
from extranet.reports.sources.within import FACTS
from extranet.reports.sources.workbook_scan import column_name

MOST_BYTES = 50_000_000  # of the file; it may not unpack to more than that either
_CHILD = "extranet.reports.sources.workbook_child"
_TOO_MUCH = "the workbook needs more memory or time to open than a sheet can; send it as CSV in UTF-8 or Parquet"
_HOLDS = {"t": TEXT, "n": NUMBER, "d": DAY, "m": MOMENT, "b": BOOLEAN, "h": "time of day"}


class _Piece(TypedDict):
    """As the child tells it: rows by column, and rows that are wider than the header."""

    lines: list[int]
    columns: list[list[str]]
    wide: list[tuple[int, list[str]]]


class WorkbookFile:
    """An opened workbook. ``done`` and ``total`` count rows; the total is known from the first chunk on."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.done = 0
        self.total = 0

    def chunks(self, layout: Layout) -> Iterator[Chunk]:
        """Raises PublicationRefused."""
        if size_of(self._file) > MOST_BYTES:
            raise PublicationRefused(
                f"the file is an archive or a workbook of more than {MOST_BYTES // 1_000_000} MB;"
                " send the table as CSV in UTF-8 or Parquet"
            )
        keys: list[str] = []
        with closing(pieces(_CHILD, self._file, too_much=_TOO_MUCH)) as child:
            for kind, body in child:
                told = json.loads(body)
                if kind == FACTS:
                    self.total = told["rows"]
                elif "header" in told:
                    keys = match_columns([cell[1:] for cell in told["header"]], layout)
                else:
                    yield self._chunk(told, keys, layout)
        if not self.done:
            raise PublicationRefused("line 2: the workbook has a header and no rows")

    def _chunk(self, piece: _Piece, keys: list[str], layout: Layout) -> Chunk:
        lines = np.array(piece["lines"], dtype=np.int64)
        marked = pl.DataFrame(dict(zip(keys, piece["columns"], strict=True)), schema=dict.fromkeys(keys, pl.String))
        _certain(marked, piece["lines"], keys, layout)
        rows = marked.select(_text(layout.by_key[key]) for key in layout.keys)
        refuse_nul(rows, lines, layout)
        misshapen = [MisshapenRow(line, cells) for line, cells in piece["wide"]]
        self.done += len(lines) + len(misshapen)
        return Chunk(rows, lines, misshapen)


def _certain(marked: pl.DataFrame, lines: list[int], keys: list[str], layout: Layout) -> None:
    """Refuses cells of which nobody can know what text they were: the first of each column and kind."""
    faults = []
    marks = marked.select(pl.all().str.slice(0, 1))
    for number, key in enumerate(keys, 1):
        column = layout.by_key[key]
        for mark in marks[key].unique().sort():
            if mark and (reason := why_not(column, _HOLDS[mark])):
                line = lines[int((marks[key] == mark).arg_max() or 0)]
                faults.append(f"line {line}, {column.header}: cell {column_name(number)}{line} {reason}")
    if faults:
        raise PublicationRefused(*faults)


def _text(column: Column) -> pl.Expr:
    """Without the mark."""
    cell = pl.col(column.key)
    bare = cell.str.slice(1)
    return pl.when(cell.str.starts_with("n")).then(number_text(bare, column)).otherwise(bare).alias(column.key)
