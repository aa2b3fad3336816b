"""Two weeks of one owner as sides of a comparison, and a sealed comparison put into a pack that is there already."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from extranet.agents.models import Agent
from extranet.reports.changes.compare import Comparison, Elsewhere, Side, compare
from extranet.reports.changes.record import Changes, read_changes
from extranet.reports.header import Header, header_of
from extranet.reports.lines import block_of, canonical
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication
from extranet.reports.seal import CHANGES, Place, rings_in_force, seal
from extranet.vault.stores import Reader
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


def seal_into_pack(
    comparison: Comparison, *, agent: Agent, newer: Publication, older: Publication, now: datetime
) -> None:
    """As if the run had compared: the frame appended to the pack, its row in the index."""
    done = seal(
        comparison.text,
        Place(newer.kind, newer.id, agent.id, CHANGES),
        rings_in_force([agent.id], now=now).of(CHANGES, agent.id),
    )
    with store().open(newer.pack) as reader:
        whole = _all(reader)
    store().delete(newer.pack)
    with store().writer(newer.pack) as target:
        target.write(whole + done.sealed)
    Frame.objects.create(
        publication=newer,
        agent=agent,
        owner=agent.id,
        frame=CHANGES,
        offset=len(whole),
        length=len(done.sealed),
        rows=comparison.entries,
        counts=comparison.counts,
        wrapped_key=done.wrapped_key,
        key_version=done.key_version,
    )
    Publication.objects.filter(id=newer.id).update(compared_with=older.id)


def _all(reader: Reader) -> bytes:
    return reader.read(0, reader.size())
