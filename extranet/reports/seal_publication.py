"""A received file becomes a sealed publication: both passes, the proof, the manifest, and one transaction at the end.

Before that transaction nothing of it can be opened, after it everything.
"""

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from itertools import islice

from django.db import DatabaseError, transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.profile.in_force import policy as policy_in_force
from extranet.profile.layouts import ReportKind
from extranet.reports.assign import certified
from extranet.reports.earlier import Comparing, opened_earlier
from extranet.reports.manifest import manifest_name, manifest_of, store, write_signed
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.pack import Packed
from extranet.reports.progress import Progress
from extranet.reports.refusals import OutOfSpace, ReportsRefused
from extranet.reports.run import Input, Run, begun
from extranet.reports.seal import Rings, rings_in_force
from extranet.reports.seal_books import Compare
from extranet.reports.standing import discard_unfinished, move
from extranet.reports.stops import Stop
from extranet.reports.thresholds import last_released, suspicions

FRAMES_A_STATEMENT = 500


def seal_publication(
    row: Publication, file: Input, report: ReportKind, *, by: Actor, now: datetime, progress: Progress
) -> None:
    """``row`` is received; afterwards sealed or held. A refusal leaves neither row nor object."""
    try:
        with begun(file, report, as_of=row.as_of, progress=progress) as run:
            _checked(row, run, file)
            rings, packed = _sealed_books(row, run, now, progress)
            with store().open(row.pack) as reader:
                found = run.prove(reader, rings=rings, progress=progress)
            progress("sign", 0, 1)
            row.manifest = manifest_of(row, found, packed.summary)
            row.manifest_signature = write_signed(manifest_name(row.pack), row.manifest)
            row.pack_sha256 = packed.summary.sha256
            _sealed(row, packed, by, now)
            progress("index", 1, 1)
    except ReportsRefused:
        discard_unfinished([row])
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        with contextlib.suppress(OSError, DatabaseError):  # the next run removes what cannot be removed now
            discard_unfinished([row])
        raise OutOfSpace(
            "the disk is full; nothing was published: make room, then give the same command again"
        ) from error


def stops_of(run: Run, as_of: date) -> list[Stop]:
    """Why a person must look at it before anybody reads it."""
    found = run.sorted
    return suspicions(
        kind=run.report.slug,
        as_of=as_of,
        figures=found.figures,
        quarantined=found.quarantined,
        delivered=found.delivered,
        books=found.books,
        policy=policy_in_force(),
        rows_in=found.rows_in,
    )


def publication_facts(row: Publication) -> dict[str, JsonValue]:
    """What the trail keeps of it: counts and digests."""
    return {
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "revision": row.revision,
        "sha256": row.input_sha256,
        "bytes": row.input_bytes,
        "rows": row.rows_in,
        "delivered": row.delivered,
        "unassigned": row.unassigned,
        "quarantined": row.quarantined,
        "held_for": list(row.held_for),
    }


def _checked(row: Publication, run: Run, file: Input) -> None:
    for name, count in asdict(run.counts).items():
        setattr(row, name, count)
    figures, stops = run.sorted.figures, stops_of(run, row.as_of)
    row.members, row.figures = figures.members, figures.to_json()
    row.input_sha256 = file.sha256()
    row.faults = [asdict(fault) for fault in run.sorted.faults]
    row.stops = [stop.to_json() for stop in stops]
    row.held_for = [stop.text for stop in stops]
    names = (*asdict(run.counts), "members", "figures", "input_sha256", "faults", "stops", "held_for")
    move(row, PublicationState.RECEIVED, PublicationState.CHECKED, *names)


def _sealed_books(row: Publication, run: Run, now: datetime, progress: Progress) -> tuple[Rings, Packed]:
    """The second pass, against the newest released week before this one where there is one."""
    before = last_released(row.kind, before=row.as_of)
    if before is None:
        rings = rings_in_force(run.sorted.owner_ids, now=now)
        return rings, _write(row, run, rings, progress, None)
    with opened_earlier(before) as earlier:
        lost = set(earlier.agents) & set(certified().values())  # who had a book and is still to be told what went
        rings = rings_in_force({*run.sorted.owner_ids, *lost}, now=now)
        comparing = Comparing(earlier, run.sorted, rings.owners)
        packed = _write(row, run, rings, progress, comparing)
    row.compared_with, row.changes = before.id, dict(comparing.counts)
    return rings, packed


def _write(row: Publication, run: Run, rings: Rings, progress: Progress, compare: Compare | None) -> Packed:
    place = store()
    place.delete(row.pack)
    with place.writer(row.pack) as target:
        packed = run.seal(target, publication=row.id, rings=rings, progress=progress, compare=compare)
    progress("pack", 1, 1)
    return packed


def _sealed(row: Publication, packed: Packed, by: Actor, now: datetime) -> None:
    held = bool(row.held_for)
    with transaction.atomic():
        row.sealed_at = now
        to = PublicationState.HELD if held else PublicationState.SEALED
        told = ("manifest", "manifest_signature", "pack_sha256", "sealed_at", "compared_with", "changes")
        move(row, PublicationState.CHECKED, to, *told)
        _index(packed.frames())
        action = Action.PUBLICATION_HELD if held else Action.PUBLICATION_SEALED
        record(action=action, now=now, actor=by, subject=str(row.id), detail=publication_facts(row))


def _index(frames: Iterator[Frame]) -> None:
    while batch := list(islice(frames, FRAMES_A_STATEMENT)):
        Frame.objects.bulk_create(batch)
