"""What lies in the store and belongs to nothing: halves of killed writings, packs and papers that no row names.

A killed publication's remains go by themselves with the next one; these are found for the operator who does not want to
wait, or who put a database back that is older than the store.
"""

import re
from datetime import datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.reports.manifest import manifest_name, read_signed, store
from extranet.reports.models import Publication
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.standing import discard_unfinished, unfinished_rows
from extranet.reports.turn import turn
from extranet.vault.stores import ObjectMissing

_OF_PACK = re.compile(r"^(?P<pack>.+\.pack)(?:\.manifest\.json|\.amended-[0-9a-f-]{36}\.json)?$")


def orphans() -> list[str]:
    """Names of whole objects that no publication names, sorted. Objects of other forms are not ours to judge."""
    known = set(Publication.objects.exclude(pack="").values_list("pack", flat=True))
    found = ((name, _OF_PACK.match(name)) for name in store().names())
    return [name for name, parts in found if parts is not None and parts["pack"] not in known]


def unfinished() -> list[str]:
    """Halves of objects whose writing was killed, and publications that a dead run left."""
    halves = [f"half of {name}" for name in store().leftovers()]
    return halves + [str(row) for row in unfinished_rows()]


def _is_a_week(name: str) -> bool:
    found = _OF_PACK.match(name)
    if found is None:
        return False
    try:
        read_signed(manifest_name(found["pack"]))
    except (IntegrityBroken, ObjectMissing):
        return False
    return True


def remove_orphans(*, by: Actor, now: datetime) -> list[str]:
    """Remove them; which they were. A whole week with its signed manifest stays: then it is the database that is older
    than the store, and `files rebuild` takes it in. Raises Conflict while a publication runs."""
    with turn(now=now):
        rows, removed = unfinished_rows(), unfinished()
        discard_unfinished(rows)
        place = store()
        for name in (name for name in orphans() if not _is_a_week(name)):
            place.delete(name)
            removed.append(name)
    if removed:
        detail: dict[str, JsonValue] = {"removed": len(removed), "first": removed[0]}
        with transaction.atomic():
            record(action=Action.STORE_ORPHANS_REMOVED, now=now, actor=by, subject="store", detail=detail)
    return removed
