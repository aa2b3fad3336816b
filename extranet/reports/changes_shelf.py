"""The shelf's second half: what changed in an agent's book between two weeks that this agent may open.

For a week and the one that it was compared with when it was published, the sealed comparison is opened; any other two
weeks are compared while one waits, from the two books. Gate and audit are those of a book.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.keyring.ring import KeyMissing
from extranet.profile.loader import current
from extranet.reports.changes.compare import Side, compare
from extranet.reports.changes.record import Changes, read_changes
from extranet.reports.header import Header
from extranet.reports.lines import split_frame
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.refusals import NoBook
from extranet.reports.seal import AMENDED, CHANGES
from extranet.reports.shelf import Gate, Week, header_of_week, own_frames, refused, text_of, weeks, weeks_of


@dataclass(frozen=True)
class Counted:
    """How much changed in the newest week against the one before, as the index says: no frame is opened for it."""

    against: date
    counts: Mapping[str, int]


def open_changes(
    *,
    agent: Agent,
    kind: str,
    week: date | None,
    against: date | None,
    actor: Actor,
    now: datetime,
    gate: Gate,
    manager: Agent | None = None,
) -> Changes:
    """What changed in the agent's book of ``week`` (None: the current one) since ``against`` (None: the week before
    it), audited as viewed. Where a ``manager`` looks, both weeks must be the manager's to open. Raises NoBook, and what
    the gate raises."""
    gate()
    pair = pair_of(_open_weeks(agent, manager, kind, now), week=week, against=against)
    rows = Publication.objects.in_bulk([found.publication_id for found in pair or ()])
    if pair is None or len(rows) < 2:
        refused(agent.license, kind, week, actor, now, "no such weeks to compare")
        raise NoBook("there are no such two weeks for you to compare")
    newer, older = (rows[found.publication_id] for found in pair)
    try:
        changes = _sealed(agent, newer, older) or _compared(agent, newer, older)
    except KeyMissing:
        refused(agent.license, kind, week, actor, now, "the keys of one of these weeks were destroyed")
        raise NoBook("one of these weeks was destroyed for good") from None
    _audited(agent, newer, older, changes, actor, now, gate)
    return changes


def pair_of(open_weeks: list[Week], *, week: date | None, against: date | None) -> tuple[Week, Week] | None:
    """The two weeks meant, newer first, out of those that are open (newest first). None where one is not among them."""
    newer = next((found for found in open_weeks if (found.as_of == week if week else found.current)), None)
    if newer is None:
        return None
    before = [found for found in open_weeks if found.as_of < newer.as_of]
    older = next((found for found in before if against in (None, found.as_of)), None)
    return (newer, older) if older else None


def counted(*, agent: Agent, open_weeks: list[Week]) -> Counted | None:
    """Counts of the newest week's changes for the home page; None where it was not compared with the open week before
    it. ``open_weeks``: those of this agent, newest first."""
    pair = pair_of(open_weeks, week=None, against=None)
    if pair is None:
        return None
    newer = Publication.objects.get(id=pair[0].publication_id)
    frame = _frame(agent, newer, pair[1].publication_id)
    return Counted(pair[1].as_of, frame.counts) if frame else None


def _open_weeks(agent: Agent, manager: Agent | None, kind: str, now: datetime) -> list[Week]:
    if manager is None:
        return weeks(agent=agent, kind=kind, now=now)
    return weeks_of(manager=manager, agent=agent, kind=kind, now=now)


def _frame(agent: Agent, newer: Publication, older_id: object) -> Frame | None:
    """The index row of the sealed comparison with that very publication. Rows that were handed on after it was made
    (amended) are not in it, so then it does not speak for the whole book."""
    if newer.compared_with != older_id:
        return None
    if Frame.objects.filter(publication_id__in=[newer.id, older_id], agent=agent, frame=AMENDED).exists():
        return None
    return Frame.objects.filter(publication=newer, agent=agent, owner=agent.id, frame=CHANGES).first()


def _sealed(agent: Agent, newer: Publication, older: Publication) -> Changes | None:
    frame = _frame(agent, newer, older.id)
    if frame is None:
        return None
    with store().open(newer.pack) as reader:
        return read_changes(text_of(reader, newer, frame))


def _compared(agent: Agent, newer: Publication, older: Publication) -> Changes:
    """Nobody's rows but the agent's own are opened, so where a case went that is gone, it does not say."""
    return read_changes(compare(before=_side(agent, older), after=_side(agent, newer), elsewhere=None).text)


def _side(agent: Agent, row: Publication) -> Side:
    with store().open(row.pack) as reader:
        header = _with_identity(header_of_week(row.id))
        blocks = [split_frame(text_of(reader, row, frame))[1] for frame in own_frames(agent, row)]
    return Side(header, b"".join(blocks))


def _with_identity(header: Header) -> Header:
    """Headers of before there were changes name neither identity nor meanings: those of today stand in."""
    report = current().reports.get(header.kind)
    if header.identity or report is None:
        return header
    return replace(header, identity=report.layout.identity_parts, meanings=report.meanings)


def _audited(
    agent: Agent, newer: Publication, older: Publication, changes: Changes, actor: Actor, now: datetime, gate: Gate
) -> None:
    """The gate once more and the event, in one transaction; a week recalled in between is refused too."""
    with transaction.atomic():
        gate()
        released = Publication.objects.filter(id__in=[newer.id, older.id], state=PublicationState.RELEASED)
        if released.count() != 2:
            raise NoBook("one of these publications was just taken back")
        record(
            action=Action.CHANGES_VIEWED,
            now=now,
            actor=actor,
            subject=agent.license,
            detail={
                "kind": newer.kind,
                "as_of": newer.as_of.isoformat(),
                "publication": str(newer.id),
                "against": older.as_of.isoformat(),
                "against_publication": str(older.id),
                "cases": len(changes.cases),
            },
        )
