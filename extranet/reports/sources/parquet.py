"""A statewide Parquet file as chunks of text, the same as the CSV of the same rows would give.

What its types have lost is not guessed: a license as a number, a moment without a zone, an amount as a 32-bit float
refuse the file by the name of the column. Blank stands for null.
"""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

import numpy as np
import polars as pl

from extranet.profile.layouts import Column, Layout
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.child import handle_of, pieces, size_of
from extranet.reports.sources.chunk import Chunk
from extranet.reports.sources.columns import match_columns
from extranet.reports.sources.texts import (
    BOOLEAN,
    DAY,
    MOMENT,
    NUMBER,
    TEXT,
    ZONED,
    float_text,
    number_text,
    refuse_nul,
    why_not,
)
from extranet.reports.sources.within import FACTS

MAGIC = b"PAR1"
SHORTEST = 12  # bytes: the mark, a length, the mark
MOST_IN_MEMORY = 1_000_000_000  # bytes of a file that lies sealed on the disk and must be opened in memory
FIRST_LINE = 2  # as in a sheet: the names of the columns are line 1
_CHILD = "extranet.reports.sources.parquet_child"
_TOO_MUCH = (
    "the Parquet file needs more memory or time to open than a publication can; if it is sound, write it with row"
    " groups of at most 250,000 rows"
)


class ParquetFile:
    """An opened Parquet file. ``done`` and ``total`` count rows; the total is known from the first chunk on."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.done = 0
        self.total = 0

    def chunks(self, layout: Layout) -> Iterator[Chunk]:
        """Raises PublicationRefused."""
        _whole(self._file)
        texts: list[pl.Expr] = []
        with closing(pieces(_CHILD, self._file, too_much=_TOO_MUCH)) as child:
            for kind, body in child:
                if kind == FACTS:
                    self.total = json.loads(body)["rows"]
                    continue
                typed = pl.read_ipc_stream(io.BytesIO(body))
                texts = texts or texts_of(typed.schema, layout)
                if typed.height:
                    yield self._chunk(typed.select(texts), layout)
        if not self.done:
            raise PublicationRefused("line 2: the Parquet file has columns and no rows")

    def _chunk(self, rows: pl.DataFrame, layout: Layout) -> Chunk:
        first = self.done + FIRST_LINE
        lines = np.arange(first, first + rows.height, dtype=np.int64)
        refuse_nul(rows, lines, layout)
        self.done += rows.height
        return Chunk(rows=rows, lines=lines)


def _whole(file: BinaryIO) -> None:
    """It has to end as it began; most cut files do not."""
    size = size_of(file)
    if size < SHORTEST or file.seek(size - len(MAGIC)) < 0 or file.read(len(MAGIC)) != MAGIC:
        raise PublicationRefused("the Parquet file was cut: its end is missing; send it again")
    if handle_of(file) is None and size > MOST_IN_MEMORY:
        raise PublicationRefused(f"the Parquet file is larger than {MOST_IN_MEMORY // 1_000_000} MB; send it as CSV")


def texts_of(schema: pl.Schema, layout: Layout) -> list[pl.Expr]:
    """How each column of the layout becomes text, in the order of the layout. Raises PublicationRefused."""
    names = list(schema)
    keys = match_columns(names, layout)
    faults, found = [], {}
    for name, key in zip(names, keys, strict=True):
        column = layout.by_key[key]
        if reason := _why_not(column, schema[name]):
            faults.append(f"{column.header}: {reason}")
        else:
            found[key] = _text(pl.col(name), schema[name], column).fill_null("").alias(key)
    if faults:
        raise PublicationRefused(*faults)
    return [found[key] for key in layout.keys]


def _why_not(column: Column, kind: pl.DataType) -> str:
    if kind == pl.Null or (column.type == "date" and _holds(kind) == MOMENT):
        return ""
    if kind == pl.Float32:
        return "is a 32-bit float, which loses cents; write it as a decimal number or as text"
    if not (holds := _holds(kind)):
        return f"is of the type {str(kind).split('(')[0]}; write it as text"
    return why_not(column, holds)


def _holds(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Datetime):
        return ZONED if kind.time_zone else MOMENT
    if kind.is_numeric():
        return NUMBER
    return {pl.String: TEXT, pl.Date: DAY, pl.Boolean: BOOLEAN}.get(kind.base_type(), "")


def _text(cell: pl.Expr, kind: pl.DataType, column: Column) -> pl.Expr:
    if kind == pl.String:
        return cell
    if kind == pl.Float64:
        return float_text(cell, column)
    if kind == pl.Boolean:
        return pl.when(cell).then(pl.lit("Y")).when(~cell).then(pl.lit("N"))
    if kind == pl.Date:
        return cell.dt.to_string("iso")
    if isinstance(kind, pl.Datetime):
        return _moment(cell) if kind.time_zone else _day(cell)
    return number_text(cell.cast(pl.String), column)


def _moment(cell: pl.Expr) -> pl.Expr:
    """In UTC, whole seconds where they are; below a microsecond it is cut off."""
    utc = cell.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    fine = utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return pl.when(utc.dt.microsecond() == 0).then(utc.dt.strftime("%Y-%m-%dT%H:%M:%SZ")).otherwise(fine)


def _day(cell: pl.Expr) -> pl.Expr:
    """Some writers have no days, only midnights. Any other time stays, so that the check tells of it."""
    whole = cell.dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
    return pl.when(cell.dt.time() == pl.time(0, 0)).then(cell.dt.date().dt.to_string("iso")).otherwise(whole)
