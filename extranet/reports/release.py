"""Release: one transaction in which every agent sees the new week, or none does; by a second person where asked for."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.profile.in_force import policy as policy_in_force
from extranet.reports.models import Current, Publication, PublicationState
from extranet.reports.ready import tell_agents
from extranet.reports.refusals import Conflict, ReportsRefused, UsageRefused

RELEASABLE = (PublicationState.SEALED, PublicationState.HELD)
LIVING = (PublicationState.SEALED, PublicationState.RELEASED)


def release(*, publication_id: UUID, by: Actor, now: datetime, reason: str = "") -> Publication:
    """Release what is sealed or held; released already is fine. Raises UsageRefused, Conflict. Not in a transaction.

    ``reason``: why a held one is right all the same, for the trail. An older week than the current one is released
    without moving anybody back to it.
    """
    try:
        return _release(publication_id, by, now, reason)
    except ReportsRefused as error:
        detail = {"reason": error.lines[0]}
        subject = str(publication_id)
        record_refusal(action=Action.PUBLICATION_RELEASE_REFUSED, now=now, actor=by, subject=subject, detail=detail)
        raise


def require_release_allowed(*, by: Actor, received_by: str) -> None:
    """Raise UsageRefused where policy asks for two persons and this is not a second one (AC-5).

    The shell counts as one person whoever types, so it never is the second; nor is the timetable.
    """
    if policy_in_force().release_persons < 2:
        return
    if by.kind != "staff":
        raise UsageRefused("the policy asks for a second person: a publisher releases it on the staff pages")
    if by.name == received_by:
        raise UsageRefused("the policy asks for a second person: another publisher than the one who sent the file")


@transaction.atomic
def _release(publication_id: UUID, by: Actor, now: datetime, reason: str) -> Publication:
    row = Publication.objects.filter(id=publication_id).first()
    if row is None:
        raise UsageRefused(f"there is no publication {publication_id}")
    if row.state == PublicationState.RELEASED:
        return row
    require_release_allowed(by=by, received_by=row.received_by)
    _require_only_one(row)
    releasable = Publication.objects.filter(id=row.id, state__in=RELEASABLE)
    overruled = list(row.held_for) if row.state == PublicationState.HELD else []
    if not releasable.update(state=PublicationState.RELEASED, released_at=now, released_by=by.name):
        raise Conflict(f"{row} cannot be released")
    same_day = Publication.objects.filter(kind=row.kind, as_of=row.as_of, state=PublicationState.HELD)
    same_day.update(state=PublicationState.SUPERSEDED)
    is_current = _switch(row, now)
    detail: dict[str, JsonValue] = {
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "revision": row.revision,
        "overruled": overruled,
        **({"reason": reason} if reason else {}),
    }
    record(action=Action.PUBLICATION_RELEASED, now=now, actor=by, subject=str(row.id), detail=detail)
    if is_current:
        tell_agents.enqueue(publication_id=str(row.id))  # type: ignore[call-arg]  # the worker gives now
    row.refresh_from_db()
    return row


def _require_only_one(row: Publication) -> None:
    others = Publication.objects.filter(kind=row.kind, as_of=row.as_of, state__in=LIVING).exclude(id=row.id)
    if (other := others.first()) is not None:
        raise Conflict(f"revision {other.revision} of that day is {other.state}; recall {other.id} first")


def _switch(row: Publication, now: datetime) -> bool:
    """Move the pointer of the kind, never back in time; True if it points here now."""
    pointer = Current.objects.filter(kind=row.kind)
    if pointer.filter(publication__as_of__lte=row.as_of).update(publication=row, switched_at=now):
        return True
    if pointer.exists():
        return False
    Current.objects.create(kind=row.kind, publication=row, switched_at=now)
    return True
