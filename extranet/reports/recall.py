"""Recall: one act that takes a publication back and switches every agent to the week before."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.mail.outbox import cancel
from extranet.reports.models import Current, Publication, PublicationState
from extranet.reports.ready import mail_key
from extranet.reports.refusals import Conflict, UsageRefused

RECALLABLE = (PublicationState.RELEASED, PublicationState.SEALED, PublicationState.HELD)


@transaction.atomic
def recall(*, publication_id: UUID, by: Actor, now: datetime) -> Publication | None:
    """Take it back; what the kind shows now, None if nothing. Recalled already is fine. Raises UsageRefused, Conflict.

    Mails about it that have not left are cancelled.
    """
    row = Publication.objects.filter(id=publication_id).first()
    if row is None:
        raise UsageRefused(f"there is no publication {publication_id}")
    if row.state == PublicationState.RECALLED:
        return _shown(row.kind)
    changes = {"state": PublicationState.RECALLED, "recalled_at": now, "recalled_by": by.name}
    mine = Publication.objects.filter(id=row.id, state=row.state)  # the very state that the trail will name
    if row.state not in RECALLABLE or not mine.update(**changes):
        raise Conflict(f"{row} cannot be recalled")
    _switch_back(row, now)
    cancelled = cancel(now=now, key_prefix=mail_key(row.id))
    shown = _shown(row.kind)
    detail: dict[str, JsonValue] = {
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "revision": row.revision,
        "was": row.state,
        "shown_now": str(shown.id) if shown else "",
        "mails_cancelled": cancelled,
    }
    record(action=Action.PUBLICATION_RECALLED, now=now, actor=by, subject=str(row.id), detail=detail)
    return shown


def _switch_back(row: Publication, now: datetime) -> None:
    """To the newest day that is still released; the pointer goes if there is none."""
    pointer = Current.objects.filter(kind=row.kind, publication=row)
    released = Publication.objects.filter(kind=row.kind, state=PublicationState.RELEASED)
    before = released.order_by("-as_of", "-revision").first()
    if before is None:
        pointer.delete()
    else:
        pointer.update(publication=before, switched_at=now)


def _shown(kind: str) -> Publication | None:
    pointer = Current.objects.filter(kind=kind).select_related("publication").first()
    return pointer.publication if pointer else None
