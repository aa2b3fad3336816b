"""A small file through the first pass alone."""

import io
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

from extranet.profile.layouts import ReportKind
from extranet.reports.gather import Gathering
from extranet.reports.lines import parse_frame
from extranet.reports.progress import silent
from extranet.reports.sort_rows import Sorted, sort_rows
from extranet.reports.sources.csv_file import CsvFile
from extranet.reports.spill import Spill
from tests.reports.exchange import ALICE, BOB, BOOK, MONDAY, report

AGENTS = {license: uuid5(UUID(int=0), license) for license in (ALICE, BOB)}


def sorted_text(text: str, folder: Path, kind: str = BOOK, *, as_of: date = MONDAY) -> tuple[Sorted, list[str]]:
    """What the pass found, and the case numbers of the rows that are delivered or wait."""
    return sorted_data(text.encode(), folder, report(kind), as_of=as_of)


def sorted_data(
    data: bytes, folder: Path, kind: ReportKind, *, as_of: date, piece_bytes: int = 900
) -> tuple[Sorted, list[str]]:
    """The same for bytes; in many chunks, through a spill in several groups on the disk."""
    spill = Spill(folder, expected_bytes=100_000_000)
    source = CsvFile(io.BytesIO(data), total=len(data), piece_bytes=piece_bytes)
    found = sort_rows(source, kind, as_of=as_of, agents=AGENTS, spill=spill, progress=silent)
    header, cases = found.header, []
    for portion in Gathering(spill, found.owners, found.left_out).portions():
        stable, _ = parse_frame(portion.text, stable=len(header.stable), volatile=len(header.volatile))
        cases += [row[header.stable.index(header.case_column)] for row in stable]
    spill.close()
    return found, sorted(cases)
