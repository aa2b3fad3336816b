"""Publish a statewide file: the one way for command line, staff upload and timetable (J2).

receive -> read -> check -> assign -> split -> seal -> pack -> reconcile -> sealed or held -> release. A kill anywhere
leaves at most a row in progress and a pack that nobody reads; the same command removes both and begins again.
"""

import io
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.db.models import Max

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.profile.layouts import ReportKind
from extranet.profile.loader import current
from extranet.reports.amend import amend_publication
from extranet.reports.inbox import clear_from_inbox
from extranet.reports.manifest import manifest_name, manifest_of, pack_name, store, write_signed
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.pack import Packed, write_pack
from extranet.reports.prepare import Counts, Prepared, prepare
from extranet.reports.progress import Progress, silent
from extranet.reports.reading import SourceFile, take_in
from extranet.reports.reconcile import reconcile
from extranet.reports.refusals import Conflict, PublicationHeld, ReportsRefused, UsageRefused
from extranet.reports.release import release as release_publication
from extranet.reports.release import require_release_allowed
from extranet.reports.seal import Rings, rings_for_trial, rings_in_force
from extranet.reports.turn import turn
from extranet.vault.packs import Readable

FRAMES_A_STATEMENT = 500
IN_PROGRESS = (PublicationState.RECEIVED, PublicationState.CHECKED)
LIVING = (PublicationState.SEALED, PublicationState.RELEASED)
CHECKED, SEALED, RELEASED, ALREADY = "checked", "sealed", "released", "published already"


@dataclass(frozen=True)
class Outcome:
    """How it ended well. ``lines`` tell it to a person; ``publication`` is None for a trial."""

    status: str
    publication: Publication | None
    lines: list[str]
    counts: Counts


def publish(
    *,
    kind: str,
    source: Path | BinaryIO,
    as_of: date,
    by: Actor,
    now: datetime,
    release: bool = False,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Outcome:
    """Publish the file as the report ``kind`` of the day ``as_of``. Not inside a transaction; safe to repeat.

    Raises UsageRefused, PublicationRefused (nothing changed), Conflict, PublicationHeld (sealed, waits for a person),
    IntegrityBroken. A trial (``dry_run``) does all of it in memory and writes nothing, no audit event either.
    A file in ``inbox/`` is removed once its pack is durable.
    """
    report = _report(kind)
    if release:
        require_release_allowed(by=by, received_by=by.name)
    file = take_in(source)
    if dry_run:
        return _trial(file, report, as_of, progress)
    try:
        with turn(now=now):
            row = _standing(report, as_of, file)
            if row is None:
                row = _receive(report, as_of, file, by, now)
                _publish(row, file, report, by, now, progress)
                status = SEALED
            else:
                status = ALREADY
            clear_from_inbox(source)
            amend_publication(row, by=by, now=now)  # somebody may have been certified while it was sealed
            return _ended(row, status, by, now, release)
    except PublicationHeld:
        clear_from_inbox(source)
        raise
    except ReportsRefused as error:
        detail = {"as_of": as_of.isoformat(), "reason": type(error).__name__, "first": error.lines[0]}
        record_refusal(action=Action.PUBLICATION_REFUSED, now=now, actor=by, subject=kind, detail=detail)
        raise


def counts_of(row: Publication) -> Counts:
    return Counts(row.rows_in, row.delivered, row.unassigned, row.quarantined, row.agents, row.cases)


def discard_unfinished(rows: list[Publication]) -> None:
    """Remove what a dead run left: first its objects, then its row, so that a kill in between loses no trace."""
    place = store()
    place.sweep()
    for row in rows:
        for name in (manifest_name(row.pack), row.pack):
            place.delete(name)
        Publication.objects.filter(id=row.id, state__in=IN_PROGRESS).delete()


def _report(kind: str) -> ReportKind:
    reports = current().reports
    if kind not in reports:
        raise UsageRefused(f"there is no report {kind!r}; there are: {', '.join(reports)}")
    return reports[kind]


def _standing(report: ReportKind, as_of: date, file: SourceFile) -> Publication | None:
    """The publication of this very content, if it stands. Raises Conflict, PublicationHeld."""
    rows = Publication.objects.filter(kind=report.slug, as_of=as_of)
    living = rows.filter(state__in=LIVING).first()
    if living is not None:
        if living.input_sha256 == file.sha256:
            return living
        raise Conflict(
            f"{report.slug} of {as_of} is {living.state} with other content (revision {living.revision});"
            f" recall {living.id} first, then publish the correction"
        )
    held = rows.filter(state=PublicationState.HELD, input_sha256=file.sha256).first()
    if held is not None:
        raise PublicationHeld(held.id, *_held_lines(held))
    return None


def _receive(report: ReportKind, as_of: date, file: SourceFile, by: Actor, now: datetime) -> Publication:
    """A row in progress, so that staff see it. We hold the turn: every other row in progress is of a dead run."""
    discard_unfinished(list(Publication.objects.filter(state__in=IN_PROGRESS)))
    with transaction.atomic():
        last = Publication.objects.filter(kind=report.slug, as_of=as_of).aggregate(last=Max("revision"))["last"]
        row = Publication(
            kind=report.slug,
            as_of=as_of,
            revision=(last or 0) + 1,
            state=PublicationState.RECEIVED,
            input_sha256=file.sha256,
            input_bytes=len(file.data),
            layout_version=str(report.version),
            received_at=now,
            received_by=by.name,
        )
        row.pack = pack_name(row)
        row.save(force_insert=True)
        record(action=Action.PUBLICATION_RECEIVED, now=now, actor=by, subject=str(row.id), detail=_facts(row))
    return row


def _publish(
    row: Publication, file: SourceFile, report: ReportKind, by: Actor, now: datetime, progress: Progress
) -> None:
    try:
        prepared = prepare(file, report, as_of=row.as_of, progress=progress)
        _checked(row, prepared)
        rings = rings_in_force(prepared.agent_ids, now=now)
        packed = _write(row, prepared, rings, progress)
        with store().open(row.pack) as reader:
            found = reconcile(reader, prepared.expected, rings=rings, progress=progress)
    except ReportsRefused:
        discard_unfinished([row])
        raise
    progress("sign", 0, 1)
    row.manifest = manifest_of(row, found, packed.summary)
    row.manifest_signature = write_signed(manifest_name(row.pack), row.manifest)
    row.pack_sha256 = packed.summary.sha256
    _sealed(row, packed, prepared, by, now)
    progress("index", 1, 1)


def _checked(row: Publication, prepared: Prepared) -> None:
    for name, count in asdict(prepared.counts).items():
        setattr(row, name, count)
    row.faults = [asdict(fault) for fault in prepared.checked.faults]
    row.members, row.figures = prepared.figures.members, prepared.figures.to_json()
    row.stops = [stop.to_json() for stop in prepared.stops]
    row.held_for = [stop.text for stop in prepared.stops]
    names = (*asdict(prepared.counts), "faults", "held_for", "stops", "members", "figures")
    _move(row, PublicationState.RECEIVED, PublicationState.CHECKED, *names)


def _write(row: Publication, prepared: Prepared, rings: Rings, progress: Progress) -> Packed:
    place = store()
    place.delete(row.pack)
    with place.writer(row.pack) as target:
        packed = write_pack(target, prepared.contents(), publication=row.id, rings=rings, progress=progress)
    progress("pack", 1, 1)
    return packed


def _sealed(row: Publication, packed: Packed, prepared: Prepared, by: Actor, now: datetime) -> None:
    """One transaction: index rows, state and event. Before it nothing can be opened, after it everything."""
    held = bool(prepared.stops)
    with transaction.atomic():
        row.sealed_at = now
        to = PublicationState.HELD if held else PublicationState.SEALED
        _move(row, PublicationState.CHECKED, to, "manifest", "manifest_signature", "pack_sha256", "sealed_at")
        Frame.objects.bulk_create(packed.frames, batch_size=FRAMES_A_STATEMENT)
        action = Action.PUBLICATION_HELD if held else Action.PUBLICATION_SEALED
        record(action=action, now=now, actor=by, subject=str(row.id), detail=_facts(row))


def _move(row: Publication, before: PublicationState, after: PublicationState, *names: str) -> None:
    """The next state with what belongs to it, by one conditional update; raises Conflict if the row is elsewhere."""
    changes = {name: getattr(row, name) for name in names}
    if not Publication.objects.filter(id=row.id, state=before).update(state=after, **changes):
        raise Conflict(f"publication {row.id} is no longer {before}: another run took it over")
    row.state = after


def _ended(row: Publication, status: str, by: Actor, now: datetime, release: bool) -> Outcome:
    if row.state == PublicationState.HELD:
        raise PublicationHeld(row.id, *_held_lines(row))
    if release and row.state == PublicationState.SEALED:
        row = release_publication(publication_id=row.id, by=by, now=now)
        status = RELEASED
    return Outcome(status, row, [*_told(row, status), *_fault_lines(row)], counts_of(row))


def _told(row: Publication, status: str) -> list[str]:
    return [
        f"{row.kind} of {row.as_of} revision {row.revision}: {status} ({row.id})",
        f"{row.rows_in} rows in = {row.delivered} delivered to {row.agents} agents"
        f" + {row.unassigned} unassigned + {row.quarantined} quarantined",
    ]


def _fault_lines(row: Publication, most: int = 20) -> list[str]:
    lines = [f"line {fault['line']}, {fault['column']}: {fault['reason']}" for fault in row.faults[:most]]
    return [*lines, f"... {len(row.faults) - most} more faults"] if len(row.faults) > most else lines


def _held_lines(row: Publication) -> list[str]:
    return [f"held, waits for a person to release or recall {row.id}", *row.held_for, *_fault_lines(row)]


def _facts(row: Publication) -> dict[str, JsonValue]:
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


class _InMemory:
    """A pack that was never written, for a trial."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length].tobytes()


def _trial(file: SourceFile, report: ReportKind, as_of: date, progress: Progress) -> Outcome:
    standing = _standing(report, as_of, file)
    if standing is not None:
        return Outcome(ALREADY, None, _told(standing, ALREADY), counts_of(standing))
    prepared = prepare(file, report, as_of=as_of, progress=progress)
    rings, target = rings_for_trial(prepared.agent_ids), io.BytesIO()
    trial = Publication(kind=report.slug, as_of=as_of)
    write_pack(target, prepared.contents(), publication=trial.id, rings=rings, progress=progress)
    reader: Readable = _InMemory(target.getvalue())
    reconcile(reader, prepared.expected, rings=rings, progress=progress)
    counts = prepared.counts
    trial.faults = [asdict(fault) for fault in prepared.checked.faults]
    lines = [
        f"{report.slug} of {as_of}: checked, nothing written",
        f"{counts.rows_in} rows in = {counts.delivered} for {counts.agents} agents"
        f" + {counts.unassigned} unassigned + {counts.quarantined} quarantined",
        *(f"would be held: {stop.text}" for stop in prepared.stops),
        *_fault_lines(trial),
    ]
    return Outcome(CHECKED, None, lines, counts)
