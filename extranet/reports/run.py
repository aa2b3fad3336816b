"""One file through both passes and the proof, without a table but the roster: the same for a trial and for real."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.conf import settings

from extranet.profile.layouts import ReportKind
from extranet.reports.assign import certified
from extranet.reports.pack import Packed
from extranet.reports.progress import Progress
from extranet.reports.reconcile import Expected, Found, reconcile
from extranet.reports.seal import Rings
from extranet.reports.seal_books import Compare, seal_books
from extranet.reports.sort_rows import Sorted, sort_rows
from extranet.reports.sources.csv_file import CsvFile
from extranet.reports.sources.input_file import InputFile
from extranet.reports.sources.opening import open_source
from extranet.reports.spill import Spill
from extranet.vault.packs import Readable, Writable

UNPACKS = 8  # times as much text as bytes in a workbook or a Parquet: decides how many groups the spill has


@dataclass(frozen=True)
class Counts:
    """Rows of a file by what became of them; ``agents`` and ``cases`` of what is delivered."""

    rows_in: int
    delivered: int
    unassigned: int
    quarantined: int
    agents: int
    cases: int


@dataclass(frozen=True)
class Run:
    """A file that was read to its end and found publishable; its rows wait in the spill."""

    report: ReportKind
    sorted: Sorted
    spill: Spill = field(repr=False)

    @property
    def counts(self) -> Counts:
        found = self.sorted
        return Counts(
            found.rows_in,
            found.delivered,
            found.unassigned,
            found.quarantined,
            len(found.books),
            found.delivered_cases,
        )

    def seal(
        self, target: Writable, *, publication: UUID, rings: Rings, progress: Progress, compare: Compare | None = None
    ) -> Packed:
        """The second pass."""
        return seal_books(
            self.sorted,
            self.report,
            spill=self.spill,
            target=target,
            publication=publication,
            rings=rings,
            progress=progress,
            compare=compare,
        )

    def prove(self, reader: Readable, *, rings: Rings, progress: Progress) -> Found:
        """Opens what was written. Raises IntegrityBroken."""
        found = self.sorted
        owners = {owner.id: owner for owner in found.owners}
        expected = Expected(found.header, owners, found.rows_in, found.quarantined, found.sums)
        return reconcile(reader, expected, rings=rings, progress=progress)


@contextmanager
def begun(
    input: InputFile,
    report: ReportKind,
    *,
    as_of: date,
    progress: Progress,
    agents: Callable[[], Mapping[str, UUID]] = certified,
) -> Iterator[Run]:
    """The first pass. Raises PublicationRefused. The spill is gone at the end of the block, or of the process."""
    source = open_source(input)
    expected_bytes = input.size if isinstance(source, CsvFile) else input.size * UNPACKS
    spill = Spill(settings.EXTRANET.folder / "spill", expected_bytes=expected_bytes)
    try:
        found = sort_rows(source, report, as_of=as_of, agents=agents(), spill=spill, progress=progress)
        yield Run(report, found, spill)
    finally:
        spill.close()
