"""A trial: all of a publication but what would remain of it."""

import io
import tempfile
from dataclasses import asdict
from datetime import date
from typing import IO

from extranet.profile.layouts import ReportKind
from extranet.reports.models import Publication
from extranet.reports.outcome import ALREADY, CHECKED, Outcome, fault_lines, outcome_of
from extranet.reports.progress import Progress
from extranet.reports.run import Input, begun
from extranet.reports.seal import rings_for_trial
from extranet.reports.seal_publication import stops_of
from extranet.reports.standing import standing


class _Written:
    """A pack in a file without a name."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def size(self) -> int:
        return self._file.seek(0, io.SEEK_END)

    def read(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)


def trial(file: Input, report: ReportKind, as_of: date, progress: Progress) -> Outcome:
    """Reads, checks, seals under keys that nobody keeps, proves; leaves nothing, no audit event either."""
    stands = standing(report, as_of, file)
    if stands is not None:
        return Outcome(ALREADY, None, outcome_of(stands, ALREADY).lines, outcome_of(stands, ALREADY).counts)
    row = Publication(kind=report.slug, as_of=as_of)
    with begun(file, report, as_of=as_of, progress=progress) as run, tempfile.TemporaryFile() as target:
        rings = rings_for_trial(run.sorted.owner_ids)
        run.seal(target, publication=row.id, rings=rings, progress=progress)
        run.prove(_Written(target), rings=rings, progress=progress)
    counts = run.counts
    row.faults = [asdict(fault) for fault in run.sorted.faults]
    lines = [
        f"{report.slug} of {as_of}: checked, nothing written",
        f"{counts.rows_in} rows in = {counts.delivered} for {counts.agents} agents"
        f" + {counts.unassigned} unassigned + {counts.quarantined} quarantined",
        *(f"would be held: {stop.text}" for stop in stops_of(run, as_of)),
        *fault_lines(row),
    ]
    return Outcome(CHECKED, None, lines, counts)
