"""Read, check and assign a file: everything before the first byte is sealed. Touches no table but the roster's."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import polars as pl

from extranet.profile.in_force import policy as policy_in_force
from extranet.profile.layouts import ReportKind
from extranet.reports.assign import OWNER, Owner, assign, certified
from extranet.reports.checks import Checked, check
from extranet.reports.figures import FigureCount, Figures
from extranet.reports.header import Header, header_of
from extranet.reports.pack import Contents
from extranet.reports.progress import Progress
from extranet.reports.reading import ReadFile, SourceFile, read
from extranet.reports.reconcile import Expected, money_sums
from extranet.reports.split import quarantine_text, split
from extranet.reports.stops import Stop
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
    figures: Figures
    stops: list[Stop]

    @property
    def agent_ids(self) -> list[UUID]:
        return [owner.agent_id for owner in self.owners if owner.agent_id]

    def contents(self) -> Contents:
        portions = split(self.rows, self.owners, self.header)
        return Contents(self.header, portions, len(self.owners), self.quarantine, self.counts.quarantined)


def prepare(source: SourceFile, report: ReportKind, *, as_of: date, progress: Progress) -> Prepared:
    """Raises PublicationRefused."""
    progress("read", 0, 1)
    file = read(source.data, report.layout)
    progress("check", 0, file.count)
    checked = check(file, report, as_of=as_of)
    progress("assign", 0, checked.good.height)
    rows, owners = assign(checked.good, column=report.agent_column, agents=certified())
    header = header_of(report, as_of=as_of, constants=checked.constants)
    counts = _counts(rows, owners, checked, report)
    expected = Expected(
        header, {owner.id: owner for owner in owners}, file.count, checked.quarantined, money_sums(file.rows, header)
    )
    figures = figures_of(file, checked, report)
    found = suspicions(
        kind=report.slug,
        as_of=as_of,
        figures=figures,
        quarantined=counts.quarantined,
        delivered=counts.delivered,
        books=_books(rows, owners),
        policy=policy_in_force(),
        rows_in=counts.rows_in,
    )
    return Prepared(header, rows, owners, checked, counts, quarantine_text(file, checked), expected, figures, found)


def figures_of(file: ReadFile, checked: Checked, report: ReportKind) -> Figures:
    """Of a file that is read whole. The second part of the identity says whose row it is: the member."""
    count, member = FigureCount(report.layout), report.layout.identity_parts[1][0]
    count.add(file.rows)
    return count.figures(members=checked.good[member].n_unique(), cases=checked.good[report.case_column].n_unique())


def _books(rows: pl.DataFrame, owners: list[Owner]) -> dict[UUID, int]:
    """Rows of each agent."""
    counted = rows[OWNER].value_counts(name="rows").rows()
    return {agent_id: held for place, held in counted if (agent_id := owners[place].agent_id)}


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
