"""What kind of file it is, by its bytes; its name is not asked, since anybody can rename a file."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from extranet.profile.layouts import Layout
from extranet.reports import reading
from extranet.reports.sources.archives import HEAD, refuse_by_name
from extranet.reports.sources.child import size_of
from extranet.reports.sources.chunk import Chunk, MisshapenRow, Source
from extranet.reports.sources.parquet import MAGIC, ParquetFile
from extranet.reports.sources.xlsx import WorkbookFile

_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def open_source(file: BinaryIO) -> Source:
    """The rows of a seekable file. Raises PublicationRefused for what is known and not taken."""
    size_of(file)
    head = file.read(HEAD)
    file.seek(0)
    if head.startswith(MAGIC):
        return ParquetFile(file)
    if head.startswith(_ZIPS):
        return WorkbookFile(file)
    refuse_by_name(file, head)
    file.seek(0)
    return CsvFile(file)


class CsvFile:
    """A CSV, read whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.total = size_of(file)
        self.done = 0

    def chunks(self, layout: Layout) -> Iterator[Chunk]:
        read = reading.read(self._file.read(), layout)
        self.done = self.total
        lines = read.rows[reading.LINE].to_numpy().astype(np.int64)
        misshapen = [MisshapenRow(row.line, row.cells) for row in read.misshapen]
        yield Chunk(read.rows.drop(reading.LINE), lines, misshapen)
