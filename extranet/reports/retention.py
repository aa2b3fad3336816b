"""Weeks beyond those that policy keeps: the pack is deleted, the row and its manifest stay as what once was (SI-12)."""

from datetime import datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.profile.in_force import policy as policy_in_force
from extranet.reports.amend import amendment_name
from extranet.reports.manifest import manifest_name, store
from extranet.reports.models import Current, Publication, PublicationState
from extranet.reports.seal import AMENDED

EXPIRABLE = (
    PublicationState.RELEASED,
    PublicationState.RECALLED,
    PublicationState.SUPERSEDED,
    PublicationState.HELD,
    PublicationState.SEALED,  # nobody released it in time: nobody could open it any more
)


def expire_publications(*, now: datetime) -> int:
    """Delete packs of weeks that nobody may open any more, and of a kill in the middle of it; how many. Repeatable."""
    _delete_objects(list(Publication.objects.filter(state=PublicationState.EXPIRED).exclude(pack="")))
    kinds = Publication.objects.order_by().values_list("kind", flat=True).distinct()
    expired = [row for kind in kinds for row in _beyond(kind)]
    done = [row for row in expired if _expire(row, now)]
    _delete_objects(done)
    return len(done)


def _beyond(kind: str) -> list[Publication]:
    """Everything older than the oldest released week that is kept."""
    kept = policy_in_force().weeks_kept
    rows = Publication.objects.filter(kind=kind)
    days = list(rows.filter(state=PublicationState.RELEASED).order_by("-as_of").values_list("as_of", flat=True)[:kept])
    if len(days) < kept:
        return []
    shown = Current.objects.filter(kind=kind).values("publication_id")
    return list(rows.filter(state__in=EXPIRABLE, as_of__lt=days[-1]).exclude(id__in=shown))


def _expire(row: Publication, now: datetime) -> bool:
    """Unreadable from this moment; the objects go afterwards."""
    with transaction.atomic():
        rows = Publication.objects.filter(id=row.id, state=row.state)
        if not rows.update(state=PublicationState.EXPIRED):
            return False
        detail: dict[str, JsonValue] = {
            "kind": row.kind,
            "as_of": row.as_of.isoformat(),
            "revision": row.revision,
            "was": row.state,
        }
        system = Actor.system("retention")
        record(action=Action.PUBLICATION_EXPIRED, now=now, actor=system, subject=str(row.id), detail=detail)
    return True


def _delete_objects(rows: list[Publication]) -> None:
    place = store()
    for row in rows:
        owners = row.frames.filter(frame=AMENDED).values_list("owner", flat=True)
        for name in (row.pack, manifest_name(row.pack), *(amendment_name(row.pack, owner) for owner in owners)):
            place.delete(name)
        with transaction.atomic():
            row.frames.all().delete()
            Publication.objects.filter(id=row.id).update(pack="")
