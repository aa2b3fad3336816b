"""The first pass: every row read, checked, given its owner, and put where the second pass finds it.

Nothing is sealed for anybody before all of the file was seen: a structural fault in the last line refuses it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import numpy as np

from extranet.profile.layouts import ReportKind
from extranet.reports.assign import Owners
from extranet.reports.checks import FAULTS_KEPT, Check, CheckedChunk
from extranet.reports.cut import lines_of
from extranet.reports.figures import FigureCount, Figures
from extranet.reports.header import Header, header_of
from extranet.reports.identity import (
    REASON,
    Digests,
    RowDigests,
    Seeds,
    candidates,
    different,
    digests_of,
    doubled,
    identity_names,
)
from extranet.reports.money import Sums, add, money_columns, money_sums, no_sums
from extranet.reports.owner import Owner
from extranet.reports.progress import Progress
from extranet.reports.quarantine import keep_faulty, keep_left_out, lines_of_ordinals
from extranet.reports.sources.chunk import Chunk, Fault, Places, Source
from extranet.reports.spill import Spill

_NOBODY = np.uint32(0xFFFFFFFF)  # in place of an owner: the row is faulty


@dataclass(frozen=True)
class Sorted:
    """A file of which every row lies in the spill. ``left_out``: ordinals of rows that are quarantined only because of
    others; ``books``: rows by agent; ``cases``: digests of all cases that are delivered or wait, sorted."""

    header: Header
    owners: list[Owner]
    rows_in: int
    delivered: int
    unassigned: int
    quarantined: int
    delivered_cases: int
    figures: Figures
    books: Mapping[UUID, int]
    faults: list[Fault]
    sums: Sums
    left_out: Places = field(repr=False)
    cases: Digests = field(repr=False)
    seeds: Seeds = field(repr=False)

    @property
    def owner_ids(self) -> list[UUID]:
        """Agents with rows, and the licenses of rows that wait."""
        return [*self.books, *(owner.id for owner in self.owners if owner.agent_id is None)]


class Sorting:
    """One file on its way through the first pass."""

    def __init__(self, report: ReportKind, *, as_of: date, agents: Mapping[str, UUID], spill: Spill) -> None:
        self._report, self._as_of, self._spill = report, as_of, spill
        self._check = Check(report, as_of)
        self._owners = Owners(agents)
        self._seeds = Seeds()
        self._header = header_of(report, as_of=as_of, constants={})
        self._money = money_columns(self._header)
        self._sums = no_sums(self._header)
        self._figures = FigureCount(report.layout)
        self._faults: list[Fault] = []
        self._rows = self._misshapen = 0

    def take(self, chunk: Chunk) -> CheckedChunk:
        """The next rows of the file."""
        checked = self._check.take(chunk)
        keep_faulty(self._spill, checked)
        self._faults = (self._faults + checked.faults)[:FAULTS_KEPT]
        are_amounts = not checked.broken.intersection(self._money)
        add(self._sums, money_sums(chunk.rows, self._money, are_amounts=are_amounts))
        if chunk.rows.height:
            self._figures.add(chunk.rows, checked.counted)
            self._place(checked, digests_of(chunk.rows, self._report, self._seeds))
        self._misshapen += len(chunk.misshapen)
        return checked

    def _place(self, checked: CheckedChunk, digests: RowDigests) -> None:
        chunk, good = checked.chunk, np.flatnonzero(checked.is_good)
        codes = self._owners.codes_of(checked.good[self._report.agent_column])
        order = self._spill.order_of(codes)
        places = good[order]
        lines = lines_of(chunk, places, self._report.layout, self._header)
        self._spill.add_rows(codes[order], places + self._rows, digests.case[places], lines)
        every = np.full(chunk.rows.height, _NOBODY, np.uint32)
        every[good] = codes
        for name, values in (
            ("code", every),
            ("line", chunk.lines.astype(np.int64)),
            ("first", digests.first),
            ("second", digests.second),
            ("case", digests.case),
            ("member", digests.member),
        ):
            self._spill.add_column(name, values)
        self._rows += chunk.rows.height

    def finish(self) -> Sorted:
        """After the last chunk: what only the whole file can tell."""
        codes = self._spill.read_column("code", np.uint32)
        twins = self._twins()
        left_out = twins[codes[twins] != _NOBODY]
        self._quarantine(twins, left_out)
        codes = codes.copy()
        codes[left_out] = _NOBODY
        good = codes != _NOBODY
        owners = self._owners.all()
        counts = np.bincount(codes[good], minlength=len(owners)).tolist()
        books = {owner.agent_id: rows for owner, rows in zip(owners, counts, strict=True) if owner.agent_id and rows}
        delivered = sum(books.values())
        of_agents = np.array([owner.agent_id is not None for owner in owners] + [False], bool)
        is_delivered = of_agents[np.minimum(codes, np.uint32(len(owners)))]
        delivered_cases, cases = self._cases(good, is_delivered)
        return Sorted(
            header=header_of(self._report, as_of=self._as_of, constants=self._check.constants),
            owners=owners,
            rows_in=self._rows + self._misshapen,
            delivered=delivered,
            unassigned=int(np.count_nonzero(good)) - delivered,
            quarantined=int(np.count_nonzero(~good)) + self._misshapen,
            delivered_cases=delivered_cases,
            figures=self._figures.figures(members=self._different("member", good), cases=len(cases)),
            books=books,
            faults=self._faults,
            sums=self._sums,
            left_out=left_out,
            cases=cases,
            seeds=self._seeds,
        )

    def _twins(self) -> Places:
        """Ordinals of all rows whose identity another row has, too."""
        first = self._spill.read_column("first", np.uint64)
        places = candidates(first)
        if not len(places):
            return places
        return doubled(places, first[places], self._spill.read_column("second", np.uint64)[places])

    def _quarantine(self, twins: Places, left_out: Places) -> None:
        if not len(twins):
            return
        lines = lines_of_ordinals(self._spill, twins)
        names = identity_names(self._report.layout)
        found = [Fault(line, names, REASON) for line in sorted(lines.values())[:FAULTS_KEPT]]
        self._faults = sorted(self._faults + found, key=lambda fault: fault.line)[:FAULTS_KEPT]
        header = header_of(self._report, as_of=self._as_of, constants=self._check.constants)
        keep_left_out(self._spill, left_out, lines, self._report.layout, header)

    def _different(self, name: str, which: np.ndarray) -> int:
        return len(different(self._spill.read_column(name, np.uint64)[which]))

    def _cases(self, good: np.ndarray, is_delivered: np.ndarray) -> tuple[int, Digests]:
        every = self._spill.read_column("case", np.uint64)
        delivered, waiting = different(every[is_delivered]), different(every[good & ~is_delivered])
        return len(delivered), different(np.concatenate([delivered, waiting])) if len(waiting) else delivered


def sort_rows(
    source: Source,
    report: ReportKind,
    *,
    as_of: date,
    agents: Mapping[str, UUID],
    spill: Spill,
    progress: Progress,
) -> Sorted:
    """``agents``: license -> agent, of all who are certified. Raises PublicationRefused."""
    sorting = Sorting(report, as_of=as_of, agents=agents, spill=spill)
    for chunk in source.chunks(report.layout):
        sorting.take(chunk)
        progress("read", source.done, source.total)
    return sorting.finish()
