"""One file through both passes and the proof, without a table but the roster: the same for a trial and for real."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
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

UNPACKS, UNPACKS_AT_LEAST = 16, 500_000_000  # text of a workbook or Parquet: times its bytes, and what any may hold


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
class Run(ABC):
    """Rows that were read to their end and found publishable; they wait where the engine keeps them."""

    report: ReportKind
    sorted: Sorted

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

    @abstractmethod
    def seal(
        self, target: Writable, *, publication: UUID, rings: Rings, progress: Progress, compare: Compare | None = None
    ) -> Packed:
        """The second pass."""

    def prove(self, reader: Readable, *, rings: Rings, progress: Progress) -> Found:
        """Opens what was written. Raises IntegrityBroken."""
        found = self.sorted
        owners = {owner.id: owner for owner in found.owners}
        expected = Expected(found.header, owners, found.rows_in, found.quarantined, found.sums)
        return reconcile(reader, expected, rings=rings, progress=progress)


@dataclass(frozen=True)
class LocalRun(Run):
    """On this machine: the rows wait in the spill."""

    spill: Spill = field(repr=False)

    def seal(
        self, target: Writable, *, publication: UUID, rings: Rings, progress: Progress, compare: Compare | None = None
    ) -> Packed:
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


class Elsewhere(ABC):
    """Rows that another engine reads. ``size`` in bytes, 0 where nobody knows; ``sha256`` tells the same rows again."""

    size: int = 0

    @abstractmethod
    def sha256(self) -> str: ...

    @abstractmethod
    def begun(
        self, report: ReportKind, *, as_of: date, agents: Mapping[str, UUID], progress: Progress
    ) -> AbstractContextManager[Run]:
        """The first pass, as the function of this name."""


Input = InputFile | Elsewhere


@contextmanager
def begun(
    input: Input,
    report: ReportKind,
    *,
    as_of: date,
    progress: Progress,
    agents: Callable[[], Mapping[str, UUID]] = certified,
) -> Iterator[Run]:
    """The first pass. Raises PublicationRefused. The spill is gone at the end of the block, or of the process."""
    if isinstance(input, Elsewhere):
        with input.begun(report, as_of=as_of, agents=agents(), progress=progress) as run:
            yield run
        return
    source = open_source(input)
    expected_bytes = input.size if isinstance(source, CsvFile) else UNPACKS_AT_LEAST + input.size * UNPACKS
    spill = Spill(settings.EXTRANET.folder / "spill", expected_bytes=expected_bytes)
    try:
        found = sort_rows(source, report, as_of=as_of, agents=agents(), spill=spill, progress=progress)
        yield LocalRun(report, found, spill)
    finally:
        spill.close()
