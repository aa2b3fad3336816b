"""Make the index anew from packs: publications, where each frame lies, whose it is. For a database that was lost.

Needs the store, the table of keys (its backup) and both key files. A pack counts only with its signed manifest; what
was released is not told by a pack, so everything waits for a person to release it again.
"""

import base64
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from extranet.agents.places import PlaceTaken, keep_place
from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.keyring.ring import KeyMissing
from extranet.reports.amend import amendment_name
from extranet.reports.contents import Entry, entries_of
from extranet.reports.manifest import manifest_name, read_signed, sha256_of, store
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.refusals import Conflict, IntegrityBroken
from extranet.reports.seal import AMENDED, CONTENTS, OF_AGENTS, UNASSIGNED, Place, handle_for, unseal
from extranet.reports.standing import LIVING
from extranet.vault.packs import FrameEntry, PackDamaged, PackTrailer, read_frame, read_trailer
from extranet.vault.sealing import Unopenable
from extranet.vault.stores import ObjectMissing, Reader

PACK = ".pack"
FRAMES_A_STATEMENT = 500


@dataclass
class Rebuilt:
    """How many publications and agents were made; ``faults``: packs that were left out, and why."""

    publications: int = 0
    agents: int = 0
    faults: list[str] = field(default_factory=list)


def rebuild_index(*, by: Actor, now: datetime) -> Rebuilt:
    """Every pack of the store that the database does not know. Repeatable. Raises Conflict, KeyMissing."""
    done = Rebuilt()
    packs = [name for name in store().names() if name.endswith(PACK)]
    known = set(Publication.objects.filter(pack__in=packs).values_list("pack", flat=True))
    for name, manifest, signature in _newest_first([name for name in packs if name not in known], done):
        try:
            _rebuild(name, manifest, signature, done, by, now)
        except (PackDamaged, Unopenable, IntegrityBroken, ObjectMissing) as error:
            done.faults.append(f"{name}: {error}")
        except KeyMissing as error:
            raise Conflict(f"{error}: put the table of keys back first, then make the index anew") from error
        except PlaceTaken as error:
            raise Conflict(str(error)) from error
    return done


_Signed = tuple[str, dict[str, Any], bytes]


def _newest_first(names: list[str], done: Rebuilt) -> list[_Signed]:
    """So that agents get the license that they had last, and of a day the last revision is the one to release."""
    found: list[_Signed] = []
    for name in names:
        try:
            found.append((name, *read_signed(manifest_name(name))))
        except (IntegrityBroken, ObjectMissing) as error:
            done.faults.append(f"{name}: {error}")
    return sorted(found, key=lambda one: (one[1]["as_of"], one[1]["revision"]), reverse=True)


def _rebuild(name: str, manifest: dict[str, Any], signature: bytes, done: Rebuilt, by: Actor, now: datetime) -> None:
    with store().open(name) as reader:
        trailer = read_trailer(reader)
        told_pack = (manifest["pack"]["name"], manifest["pack"]["sha256"], manifest["publication"])
        if told_pack != (name, sha256_of(reader), str(trailer.publication)):
            raise IntegrityBroken("the manifest is of another pack")
        told = {(entry.owner, entry.frame): entry for entry in _contents(reader, trailer)}
    with transaction.atomic():
        row = _row(name, manifest, signature, by, now)
        row.save(force_insert=True)
        done.agents += sum(_keep(entry, now) for entry in told.values())
        frames = [_frame(row, entry, told) for entry in trailer.entries]
        frames += [frame for entry in trailer.entries if (frame := _amended(row, entry, told, now, done))]
        Frame.objects.bulk_create(frames, batch_size=FRAMES_A_STATEMENT)
        detail: dict[str, JsonValue] = {"kind": row.kind, "as_of": row.as_of.isoformat(), "frames": len(frames)}
        record(action=Action.PUBLICATION_REBUILT, now=now, actor=by, subject=str(row.id), detail=detail)
    done.publications += 1


def _contents(reader: Reader, trailer: PackTrailer) -> list[Entry]:
    entry = trailer.entry(trailer.publication, CONTENTS)
    if entry is None:
        raise IntegrityBroken("the pack holds no list of its contents: it is older than this program can make anew")
    place = Place(trailer.kind, trailer.publication, entry.owner, CONTENTS)
    handle = handle_for(CONTENTS, entry.owner, entry.key_version)
    return list(entries_of(unseal(read_frame(reader, entry), entry.wrapped_key, place, handle)))


def _row(name: str, manifest: dict[str, Any], signature: bytes, by: Actor, now: datetime) -> Publication:
    as_of, rows = date.fromisoformat(manifest["as_of"]), manifest["rows"]
    others = Publication.objects.filter(kind=manifest["kind"], as_of=as_of, state__in=LIVING)
    held = list(manifest.get("held_for", []))
    state = PublicationState.HELD if held or others.exists() else PublicationState.SEALED
    return Publication(
        id=UUID(manifest["publication"]),
        kind=manifest["kind"],
        as_of=as_of,
        revision=manifest["revision"],
        state=state,
        input_sha256=manifest["input"]["sha256"],
        input_bytes=manifest["input"]["bytes"],
        layout_version=manifest["layout_version"],
        rows_in=rows["in"],
        delivered=rows["delivered"],
        unassigned=rows["unassigned"],
        quarantined=rows["quarantined"],
        cases=manifest["cases"],
        members=manifest.get("members", 0),
        agents=manifest["agents"],
        figures=manifest.get("figures", {}),
        changes=manifest.get("changes", {}),
        compared_with=UUID(manifest["compared_with"]) if manifest.get("compared_with") else None,
        pack=name,
        pack_sha256=manifest["pack"]["sha256"],
        manifest=manifest,
        manifest_signature=signature,
        held_for=held or (["another one of that day is there, too"] if state == PublicationState.HELD else []),
        received_at=now,
        received_by=manifest.get("received_by") or by.name,  # who sent it is not the second person afterwards either
        sealed_at=now,
    )


def _keep(entry: Entry, now: datetime) -> bool:
    if not entry.is_agents or not entry.licenses:
        return False
    return keep_place(agent_id=entry.owner, license=entry.licenses[0], now=now)


def _frame(row: Publication, entry: FrameEntry, told: dict[tuple[UUID, str], Entry]) -> Frame:
    known = told.get((entry.owner, entry.frame))
    is_agents = known is not None and known.is_agents and entry.frame in OF_AGENTS
    return Frame(
        publication_id=row.id,
        agent_id=entry.owner if is_agents else None,
        owner=entry.owner,
        frame=entry.frame,
        offset=entry.offset,
        length=entry.length,
        rows=entry.rows,
        cases=known.cases if known else 0,
        counts=known.counts if known else {},
        wrapped_key=entry.wrapped_key,
        key_version=entry.key_version,
    )


def _amended(
    row: Publication, entry: FrameEntry, told: dict[tuple[UUID, str], Entry], now: datetime, done: Rebuilt
) -> Frame | None:
    """The index row of rows that were handed over later, if they were."""
    if entry.frame != UNASSIGNED:
        return None
    try:
        document, _ = read_signed(amendment_name(row.pack, entry.owner))
    except ObjectMissing:
        return None
    if (document["publication"], document["owner"]) != (str(row.id), str(entry.owner)):
        raise IntegrityBroken(f"the amendment of {entry.owner} is of other rows")
    agent_id, known = UUID(document["agent"]), told[entry.owner, UNASSIGNED]
    done.agents += keep_place(agent_id=agent_id, license=known.licenses[0], now=now)
    frame = _frame(row, entry, told)
    frame.pk, frame.frame, frame.agent_id = None, AMENDED, agent_id
    frame.wrapped_key, frame.key_version = base64.b64decode(document["wrapped_key"]), document["key_version"]
    return frame
