"""Read, check and assign a file: everything before the first byte is sealed. Touches no table but the roster's."""

import io
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import polars as pl

from extranet.profile.in_force import policy as policy_in_force
from extranet.profile.layouts import Layout, ReportKind
from extranet.reports.assign import OWNER, Owner, assign, certified
from extranet.reports.checks import Checked, check
from extranet.reports.header import Header, header_of
from extranet.reports.pack import Contents
from extranet.reports.progress import Progress
from extranet.reports.reading import LINE, MisshapenRow, ReadFile, SourceFile
from extranet.reports.reconcile import Expected, money_sums
from extranet.reports.sources.opening import open_source
from extranet.reports.split import quarantine_text, split
from extranet.reports.thresholds import suspicions


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
class Prepared:
    """A checked file, ready to be split and sealed."""

    header: Header
    rows: pl.DataFrame
    owners: list[Owner]
    checked: Checked
    counts: Counts
    quarantine: bytes
    expected: Expected
    held_for: list[str]

    @property
    def agent_ids(self) -> list[UUID]:
        return [owner.agent_id for owner in self.owners if owner.agent_id]

    def contents(self) -> Contents:
        portions = split(self.rows, self.owners, self.header)
        return Contents(self.header, portions, len(self.owners), self.quarantine, self.counts.quarantined)


def prepare(source: SourceFile, report: ReportKind, *, as_of: date, progress: Progress) -> Prepared:
    """Raises PublicationRefused."""
    progress("read", 0, 1)
    file = _read(source.data, report.layout)
    progress("check", 0, file.count)
    checked = check(file, report, as_of=as_of)
    progress("assign", 0, checked.good.height)
    rows, owners = assign(checked.good, column=report.agent_column, agents=certified())
    header = header_of(report, as_of=as_of, constants=checked.constants)
    counts = _counts(rows, owners, checked, report)
    expected = Expected(
        header, {owner.id: owner for owner in owners}, file.count, checked.quarantined, money_sums(file.rows, header)
    )
    held_for = suspicions(
        kind=report.slug,
        as_of=as_of,
        rows=counts.rows_in,
        quarantined=counts.quarantined,
        delivered=counts.delivered,
        policy=policy_in_force(),
    )
    return Prepared(header, rows, owners, checked, counts, quarantine_text(file, checked), expected, held_for)


def _read(data: bytes, layout: Layout) -> ReadFile:
    """All chunks as one table."""
    chunks = list(open_source(io.BytesIO(data)).chunks(layout))
    rows = [chunk.rows.insert_column(0, pl.Series(LINE, chunk.lines)) for chunk in chunks]
    misshapen = [MisshapenRow(row.line, row.cells) for chunk in chunks for row in chunk.misshapen]
    return ReadFile(list(layout.headers), list(layout.keys), pl.concat(rows), misshapen)


def _counts(rows: pl.DataFrame, owners: list[Owner], checked: Checked, report: ReportKind) -> Counts:
    of_agents = [place for place, owner in enumerate(owners) if owner.agent_id]
    delivered = rows.filter(pl.col(OWNER).is_in(of_agents))
    return Counts(
        rows_in=rows.height + checked.quarantined,
        delivered=delivered.height,
        unassigned=rows.height - delivered.height,
        quarantined=checked.quarantined,
        agents=len(of_agents),
        cases=delivered[report.case_column].n_unique(),
    )
