"""How a publication ended well, as a person and a program are told."""

from dataclasses import dataclass

from extranet.reports.models import Publication
from extranet.reports.run import Counts

CHECKED, SEALED, RELEASED, ALREADY = "checked", "sealed", "released", "published already"
_FAULTS_TOLD = 20


@dataclass(frozen=True)
class Outcome:
    """``lines`` tell it to a person; ``publication`` is None for a trial."""

    status: str
    publication: Publication | None
    lines: list[str]
    counts: Counts


def counts_of(row: Publication) -> Counts:
    return Counts(row.rows_in, row.delivered, row.unassigned, row.quarantined, row.agents, row.cases)


def outcome_of(row: Publication, status: str) -> Outcome:
    lines = [
        f"{row.kind} of {row.as_of} revision {row.revision}: {status} ({row.id})",
        f"{row.rows_in} rows in = {row.delivered} delivered to {row.agents} agents"
        f" + {row.unassigned} unassigned + {row.quarantined} quarantined",
    ]
    return Outcome(status, row, [*lines, *fault_lines(row)], counts_of(row))


def held_lines(row: Publication) -> list[str]:
    return [f"held, waits for a person to release or recall {row.id}", *row.held_for, *fault_lines(row)]


def fault_lines(row: Publication) -> list[str]:
    """The first faults of the file; never a value of it."""
    lines = [f"line {fault['line']}, {fault['column']}: {fault['reason']}" for fault in row.faults[:_FAULTS_TOLD]]
    more = len(row.faults) - _FAULTS_TOLD
    return [*lines, f"... {more} more faults"] if more > 0 else lines
