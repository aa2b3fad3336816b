"""Rows that waited: when somebody is certified to hold the license that stands in them, they become that agent's.

The pack never changes. The frame's data key is wrapped anew, by the agent's key, in an index row and a signed
amendment beside the manifest.
"""

import base64
from datetime import datetime
from uuid import UUID

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.keyring.ring import KeyDestroyed, agent_key
from extranet.reports.assign import certified
from extranet.reports.manifest import write_signed
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.owner import waiting_owner
from extranet.reports.seal import AMENDED, UNASSIGNED, Place, handle_for
from extranet.vault.keys import unwrap_data_key, wrap_data_key

AMENDABLE = (PublicationState.SEALED, PublicationState.HELD, PublicationState.RELEASED)


def amend(*, by: Actor, now: datetime) -> int:
    """Hand over all rows that wait for agents certified now; how many frames. Call it after every roster import.

    Rows of which the key was destroyed meanwhile stay closed.
    """
    rows = Publication.objects.filter(state__in=AMENDABLE).order_by("kind", "as_of")
    return sum(amend_publication(row, by=by, now=now) for row in rows)


def amend_publication(row: Publication, *, by: Actor, now: datetime) -> int:
    """The same for one publication; again: nothing to do."""
    done = set(row.frames.filter(frame=AMENDED).values_list("owner", flat=True))
    waiting = [frame for frame in row.frames.filter(frame=UNASSIGNED) if frame.owner not in done]
    if not waiting:
        return 0
    owners = {waiting_owner(license): agent_id for license, agent_id in certified().items()}
    return sum(_hand_over(row, frame, owners[frame.owner], by, now) for frame in waiting if frame.owner in owners)


def amendment_name(pack: str, owner: UUID) -> str:
    return f"{pack}.amended-{owner}.json"


def _hand_over(row: Publication, frame: Frame, agent_id: UUID, by: Actor, now: datetime) -> int:
    aad = Place(row.kind, row.id, frame.owner, UNASSIGNED).aad
    try:
        before = handle_for(UNASSIGNED, frame.owner, frame.key_version)
    except KeyDestroyed:  # the agent is to be forgotten: nobody gets these rows any more
        return 0
    after = agent_key(agent_id, now=now)
    wrapped = wrap_data_key(after.key, unwrap_data_key(before.key, bytes(frame.wrapped_key), aad), aad)
    document = {
        "format": 1,
        "publication": str(row.id),
        "owner": str(frame.owner),
        "agent": str(agent_id),
        "rows": frame.rows,
        "key_version": after.version,
        "wrapped_key": base64.b64encode(wrapped).decode(),
        "amended_at": now.isoformat(),
    }
    write_signed(amendment_name(row.pack, frame.owner), document)
    with transaction.atomic():
        made = _index_row(frame, agent_id, wrapped, after.version)
        made.save(force_insert=True)
        detail: dict[str, JsonValue] = {"kind": row.kind, "agent": str(agent_id), "rows": frame.rows}
        record(action=Action.PUBLICATION_AMENDED, now=now, actor=by, subject=str(row.id), detail=detail)
    return 1


def _index_row(frame: Frame, agent_id: UUID, wrapped: bytes, key_version: int) -> Frame:
    return Frame(
        publication_id=frame.publication_id,
        agent_id=agent_id,
        owner=frame.owner,
        frame=AMENDED,
        offset=frame.offset,
        length=frame.length,
        rows=frame.rows,
        cases=frame.cases,
        wrapped_key=wrapped,
        key_version=key_version,
    )
