"""Release: one transaction in which every agent sees the new week, or none does; by a second person where asked for."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.profile.in_force import policy as policy_in_force
from extranet.reports.models import Current, Publication, PublicationState
from extranet.reports.overrule import checked_reason, require_clean_reason, require_second_person
from extranet.reports.ready import tell_agents
from extranet.reports.refusals import Conflict, ReportsRefused, UsageRefused

RELEASABLE = (PublicationState.SEALED, PublicationState.HELD)
LIVING = (PublicationState.SEALED, PublicationState.RELEASED)
Gate = Callable[[], None]


def open_to_all() -> None:
    """Who releases was let in for it a moment ago."""


def release(
    *, publication_id: UUID, by: Actor, now: datetime, reason: str = "", gate: Gate = open_to_all
) -> Publication:
    """Release what is sealed or held; released already is fine. Raises UsageRefused, Conflict. Not in a transaction.

    A held one is released by another person than the one who sent it, who says why it is right all the same
    (``reason``). ``gate`` is asked in the transaction that releases, and raises to refuse. An older week than the
    current one is released without moving anybody back to it.
    """
    try:
        require_clean_reason(reason, about=str(publication_id), by=by, now=now)
        return _release(publication_id, by, now, reason, gate)
    except ReportsRefused as error:
        detail = {"reason": error.lines[0]}
        subject = str(publication_id)
        record_refusal(action=Action.PUBLICATION_RELEASE_REFUSED, now=now, actor=by, subject=subject, detail=detail)
        raise


def require_release_allowed(*, by: Actor, received_by: str, is_held: bool = False) -> None:
    """Raise UsageRefused where policy asks for two persons and this is not a second one (AC-5); of a held file always.

    Where policy asks, the shell never is the second: it counts as one person whoever types; nor is the timetable.
    """
    if is_held:
        require_second_person(by=by, received_by=received_by)
    if policy_in_force().release_persons < 2:
        return
    if by.kind != "staff":
        raise UsageRefused("the policy asks for a second person: a publisher releases it on the staff pages")
    if by.name == received_by:
        raise UsageRefused("the policy asks for a second person: another publisher than the one who sent the file")


@transaction.atomic
def _release(publication_id: UUID, by: Actor, now: datetime, reason: str, gate: Gate) -> Publication:
    row = Publication.objects.filter(id=publication_id).first()
    if row is None:
        raise UsageRefused(f"there is no publication {publication_id}")
    if row.state == PublicationState.RELEASED:
        return row
    gate()
    is_held = row.state == PublicationState.HELD
    require_release_allowed(by=by, received_by=row.received_by, is_held=is_held)
    _require_only_one(row)
    reason = checked_reason(reason, is_held=is_held)
    _move(row, by, now, reason)
    replaced = _supersede(row)
    is_current = _switch(row, now)
    detail: dict[str, JsonValue] = {
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "revision": row.revision,
        "overruled": list(row.held_for) if is_held else [],
        **({"reason": reason} if reason else {}),
        **({"superseded": replaced} if replaced else {}),
    }
    record(action=Action.PUBLICATION_RELEASED, now=now, actor=by, subject=str(row.id), detail=detail)
    if is_current:
        tell_agents.enqueue(publication_id=str(row.id))  # type: ignore[call-arg]  # the worker gives now
    row.refresh_from_db()
    return row


def _move(row: Publication, by: Actor, now: datetime, reason: str) -> None:
    """From the very state that was looked at: what was held a moment ago is not released as if it were sealed."""
    changes = {"state": PublicationState.RELEASED, "released_at": now, "released_by": by.name}
    if row.state == PublicationState.HELD:
        changes |= {"overruled_by": by.name, "overruled_reason": reason}
    mine = Publication.objects.filter(id=row.id, state=row.state)
    if row.state not in RELEASABLE or not mine.update(**changes):
        raise Conflict(f"{row} cannot be released")


def _supersede(row: Publication) -> list[JsonValue]:
    """Held files of the same day, earlier or later tries, are not wanted any more; which."""
    same_day = Publication.objects.filter(kind=row.kind, as_of=row.as_of, state=PublicationState.HELD)
    held = list(same_day.values_list("id", flat=True))
    same_day.filter(id__in=held).update(state=PublicationState.SUPERSEDED)
    return [str(each) for each in held]


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
