"""Two weeks of one owner as sides of a comparison, and publications that were not compared."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from extranet.agents.models import Agent
from extranet.reports.changes.compare import Comparison, Elsewhere, Side, compare
from extranet.reports.changes.record import Changes, read_changes
from extranet.reports.header import Header, header_of
from extranet.reports.lines import block_of, canonical
from extranet.reports.models import Frame, Publication
from extranet.reports.seal import CHANGES
from tests.reports.exchange import BOOK, LAST_MONDAY, MONDAY, Row, report


def header(kind: str = BOOK, as_of: date = MONDAY, **changed: object) -> Header:
    made = header_of(report(kind), as_of=as_of, constants={"extract_date": as_of.isoformat()})
    return replace(made, **changed)  # type: ignore[arg-type]


def side(rows: Iterable[Row], head: Header) -> Side:
    return Side(head, block_of(canonical([row[key] for key in head.stable]) for row in rows))


def nowhere(cases: list[str]) -> list[bool]:
    return [False] * len(cases)


def compared(
    before: Iterable[Row], after: Iterable[Row], *, kind: str = BOOK, elsewhere: Elsewhere | None = nowhere
) -> Comparison:
    old, new = header(kind, LAST_MONDAY), header(kind)
    return compare(before=side(before, old), after=side(after, new), elsewhere=elsewhere)


def changes(before: Iterable[Row], after: Iterable[Row], **options: object) -> Changes:
    return read_changes(compared(before, after, **options).text)  # type: ignore[arg-type]


def forget_comparison(newer: Publication, *, of: Agent | None = None) -> None:
    """As if the run had not compared, for one agent or for all."""
    frames = Frame.objects.filter(publication=newer, frame=CHANGES)
    (frames.filter(agent=of) if of else frames).delete()
