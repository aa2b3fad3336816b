"""The only door to consumers' data: index row of this agent -> range read -> unseal -> parse. No audit event, no book.
Its second half, what changed between two weeks, is changes_shelf.py.

The gate (session, certification, agreement) is the caller's function: it raises to refuse, and is asked before the
frame is fetched and again in the transaction of the audit event. Hashing, opening and rendering happen outside it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from extranet.agents.agency import is_member_at, manages, open_membership
from extranet.agents.find import by_license
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.keyring.ring import KeyMissing
from extranet.profile.in_force import policy as policy_in_force
from extranet.reports.book import Book, Query
from extranet.reports.columns import read_columns
from extranet.reports.header import Header
from extranet.reports.manifest import store
from extranet.reports.models import Current, Frame, Publication, PublicationState
from extranet.reports.refusals import NoBook, NothingPublished
from extranet.reports.render import CONTENT_TYPES, Format, render
from extranet.reports.seal import AMENDED, LINES, Place, handle_for, unseal
from extranet.vault.packs import HEADER_FRAME
from extranet.vault.stores import Reader

Gate = Callable[[], None]


@dataclass(frozen=True)
class Week:
    """One publication that the agent may open."""

    as_of: date
    released_at: datetime
    publication_id: UUID
    rows: int
    cases: int
    current: bool


@dataclass(frozen=True)
class OnShelf:
    """An opened book, and the weeks that stand beside it, newest first."""

    book: Book
    weeks: list[Week]


@dataclass(frozen=True)
class Download:
    """A file as it was audited."""

    name: str
    content_type: str
    rows: int
    body: bytes = field(repr=False)


def newest(kind: str) -> Publication | None:
    """What every reader of the kind is shown first."""
    return _light().filter(id__in=Current.objects.filter(kind=kind).values("publication_id")).first()


def weeks(*, agent: Agent, kind: str, now: datetime) -> list[Week]:
    """The weeks that the agent may open, newest first; none if nothing was published.

    The current one always, past ones of the number that policy keeps: those in which the agent had rows, and those
    since the certification, in which the book was empty.
    """
    del now  # the number kept counts publications, not days; certification is the gate's matter
    return [week for week, _ in _shelf(agent, kind)]


def open_book(*, agent: Agent, kind: str, week: date | None, actor: Actor, now: datetime, gate: Gate) -> Book:
    """The agent's book of that week (None: the current one), audited as viewed.

    ``agent`` is whose book it is, ``actor`` who looks. Raises NoBook, and what the gate raises.
    """
    return open_shelf(agent=agent, kind=kind, week=week, actor=actor, now=now, gate=gate).book


def open_shelf(*, agent: Agent, kind: str, week: date | None, actor: Actor, now: datetime, gate: Gate) -> OnShelf:
    """``open_book`` with the agent's weeks, which it had to list anyway."""
    book, row, found = _fetched(agent, kind, week, actor, now, gate)
    audited(Action.BOOK_VIEWED, agent, row, actor, now, gate, {"rows": book.size})
    return OnShelf(book, found)


def download(
    *,
    agent: Agent,
    kind: str,
    week: date | None,
    query: Query,
    format: Format,
    actor: Actor,
    now: datetime,
    gate: Gate,
) -> Download:
    """Exactly the rows of that view as a file, audited with its size. Raises NoBook, and what the gate raises."""
    book, row, _ = _fetched(agent, kind, week, actor, now, gate)
    table = book.view(query).table()
    body = render(book, table, format)
    facts: dict[str, JsonValue] = {"rows": table.height, "bytes": len(body), "format": format}
    audited(Action.BOOK_DOWNLOADED, agent, row, actor, now, gate, facts)
    name = f"{kind}-{book.as_of.isoformat()}-{agent.license}.{format}"
    return Download(name, CONTENT_TYPES[format], table.height, body)


def managed(*, manager: Agent, license: str, kind: str, week: date | None, actor: Actor, now: datetime) -> Agent:
    """The agent with that license, if this manager may open that week: member of the managed agency today and when
    the week was switched to. Raises NoBook, the same for unknown licenses; the refusal is audited."""
    agent = by_license(license)
    row = _publication(kind, week) if agent else None
    if agent is not None and row is not None and _may_manage(manager, agent, row, now):
        return agent
    refused(license, kind, week, actor, now, "not a member of the managed agency, now or then")
    raise NoBook("there is no such book in your agency")


def weeks_of(*, manager: Agent, agent: Agent, kind: str, now: datetime) -> list[Week]:
    """The weeks of that agent which this manager may open, newest first."""
    found = weeks(agent=agent, kind=kind, now=now)
    rows = Publication.objects.in_bulk([week.publication_id for week in found])
    return [week for week in found if _may_manage(manager, agent, rows[week.publication_id], now)]


def _may_manage(manager: Agent, agent: Agent, row: Publication, now: datetime) -> bool:
    membership = open_membership(manager)
    if membership is None or row.released_at is None or not manages(manager, agent, now):
        return False
    return is_member_at(agent, membership.agency, row.released_at)


def _fetched(
    agent: Agent, kind: str, week: date | None, actor: Actor, now: datetime, gate: Gate
) -> tuple[Book, Publication, list[Week]]:
    gate()
    shelf = _shelf(agent, kind)
    if not shelf:
        raise NothingPublished("nothing of this kind was published yet")
    # The current week is the newest of these: asked for a second time, it might be one that was just switched to.
    row = next((row for found, row in shelf if week in (None, found.as_of)), None)
    if row is None or row.released_at is None:
        refused(agent.license, kind, week, actor, now, "no such week")
        raise NoBook("there is no publication of that week for you")
    try:
        book = _unsealed(agent, row, row.released_at)
    except KeyMissing:
        refused(agent.license, kind, week, actor, now, "the keys of this book were destroyed")
        raise NoBook("the book of that week was destroyed for good") from None
    return book, row, [found for found, _ in shelf]


def _shelf(agent: Agent, kind: str) -> list[tuple[Week, Publication]]:
    shown = newest(kind)
    if shown is None:
        return []
    released = _light().filter(kind=kind, state=PublicationState.RELEASED, as_of__lte=shown.as_of)
    rows = list(released.order_by("-as_of", "-revision")[: policy_in_force().weeks_kept])
    held = _counts(agent, [row.id for row in rows])
    mine = [row for row in rows if row.id in held or row.id == shown.id or row.as_of >= agent.certified_on]
    return [(_week(row, held.get(row.id, (0, 0)), current=row.id == shown.id), row) for row in mine]


def _light() -> QuerySet[Publication]:
    """Without manifest, faults and figures, which are long: nothing of them is needed to open a book."""
    return Publication.objects.only("kind", "as_of", "revision", "state", "pack", "released_at", "received_at")


def own_frames(agent: Agent, row: Publication) -> QuerySet[Frame]:
    """Index rows of this agent in this publication: the agent is part of the query."""
    return Frame.objects.filter(publication=row, agent=agent, frame__in=[LINES, AMENDED]).order_by("offset")


def _unsealed(agent: Agent, row: Publication, released_at: datetime) -> Book:
    header = header_of_week(row.id)
    with store().open(row.pack) as reader:
        texts = [text_of(reader, row, frame) for frame in own_frames(agent, row)]
    return Book(header, released_at, row.revision, read_columns(header, texts))


@lru_cache(maxsize=64)  # one for all agents, never changed, and nothing of a consumer in it
def header_of_week(publication: UUID) -> Header:
    """What all frames of that publication have in common."""
    row = Publication.objects.get(id=publication)
    own = Frame.objects.get(publication=row, owner=row.id, frame=HEADER_FRAME)
    with store().open(row.pack) as reader:
        return Header.from_bytes(text_of(reader, row, own))


def text_of(reader: Reader, row: Publication, frame: Frame) -> bytes:
    """The text of one frame; whose it is, the caller's query said. Raises Unopenable, KeyMissing, KeyDestroyed."""
    sealed = reader.read(frame.offset, frame.length)
    place = Place(row.kind, row.id, frame.owner, frame.frame)
    return unseal(sealed, bytes(frame.wrapped_key), place, handle_for(frame.frame, frame.holder, frame.key_version))


def _publication(kind: str, week: date | None) -> Publication | None:
    if week is None:
        return newest(kind)
    return Publication.objects.filter(kind=kind, as_of=week, state=PublicationState.RELEASED).first()


def _counts(agent: Agent, publications: list[UUID]) -> dict[UUID, tuple[int, int]]:
    own = Q(agent=agent, publication_id__in=publications, frame__in=[LINES, AMENDED])
    counted = Frame.objects.filter(own).values_list("publication_id").annotate(Sum("rows"), Sum("cases"))
    return {publication: (rows, cases) for publication, rows, cases in counted}


def _week(row: Publication, counts: tuple[int, int], *, current: bool) -> Week:
    moment = row.released_at or row.received_at
    return Week(row.as_of, moment, row.id, counts[0], counts[1], current)


def audited(
    action: Action, agent: Agent, row: Publication, actor: Actor, now: datetime, gate: Gate, facts: dict[str, JsonValue]
) -> None:
    """The gate once more and the event, in one transaction; recalled in between is refused too."""
    detail: dict[str, JsonValue] = {
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "publication": str(row.id),
        **facts,
    }
    with transaction.atomic():
        gate()
        if not Publication.objects.filter(id=row.id, state=PublicationState.RELEASED).exists():
            raise NoBook("this publication was just taken back")
        record(action=action, now=now, actor=actor, subject=agent.license, detail=detail)


def refused(license: str, kind: str, week: date | None, actor: Actor, now: datetime, reason: str) -> None:
    """A book that is not opened is in the trail, too."""
    detail: dict[str, JsonValue] = {"kind": kind, "week": week.isoformat() if week else "", "reason": reason}
    record_refusal(action=Action.BOOK_REFUSED, now=now, actor=actor, subject=license[:20], detail=detail)
