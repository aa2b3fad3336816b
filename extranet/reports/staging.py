"""What is sent in: sealed in chunks as it arrives, never in clear on the disk, published by the worker.

A folder an upload under ``staging/`` in the data folder. Staff pages, API and inbox all end here; what is answered as
received is durable. How an upload in pieces grows: resume.py; how it is read again: staged_file.py.
"""

import hashlib
import shutil
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django_tasks import task

from extranet.audit.record import Actor
from extranet.jobs.once_more import once_more
from extranet.keyring.models import Purpose
from extranet.keyring.ring import system_key
from extranet.reports.models import StagedUpload
from extranet.reports.progress import Progress, silent
from extranet.reports.publish import Outcome, publish
from extranet.reports.refusals import Conflict, IntegrityBroken, PublicationHeld, ReportsRefused, UsageRefused
from extranet.reports.room import NoRoom, keep_room, leave_room, require_room
from extranet.reports.staged_file import (
    StagedFile,
    chunk_aad,
    chunk_file,
    folder_of,
    open_staged,
    staging_folder,
    write_chunk,
)
from extranet.reports.vouching import require_vouched
from extranet.vault.durable import sync_folder
from extranet.vault.keys import wrap_data_key
from extranet.vault.sealing import new_key

__all__ = ["Arriving", "open_staged", "publish_later", "publish_now", "receive_chunks", "settle", "sweep_staging"]

CHUNK_BYTES = 4 * 1024 * 1024
LARGEST = 2 * 1024**3  # of a statewide file, by every way in but the command line
ABANDONED_AFTER = timedelta(days=1)  # an upload that nobody finished or confirmed is removed
GIVEN_UP_AFTER = timedelta(days=7)  # one that the worker was to publish: an outage may last a weekend
FAILED = 5


def new_upload(*, now: datetime, size: int = 0) -> tuple[StagedUpload, bytes]:
    """An upload of nothing yet, not saved, with its folder and the key of its chunks. ``size``: bytes that were
    announced; room for them is kept. Raises NoRoom."""
    require_room(staging_folder(), size)
    handle, data_key = system_key(Purpose.STAGING, now=now), new_key()
    upload = StagedUpload(key_version=handle.version, chunk_bytes=CHUNK_BYTES)
    upload.wrapped_key = wrap_data_key(handle.key, data_key, chunk_aad(upload.id, 0))
    folder_of(upload.id).mkdir(mode=0o700, parents=True)
    sync_folder(staging_folder())
    try:
        keep_room(folder_of(upload.id), size)
    except NoRoom:
        shutil.rmtree(folder_of(upload.id), ignore_errors=True)
        raise
    return upload, data_key


class Arriving:
    """A file on its way: sealed as it is written; ``keep`` makes it an upload, ``discard`` leaves nothing of it."""

    def __init__(self, *, now: datetime, size: int = 0) -> None:
        """``size`` as it was announced. Raises NoRoom."""
        self._announced = size
        self._upload, self._data_key = new_upload(now=now, size=size)
        self._digest, self._waiting = hashlib.sha256(), bytearray()
        self.is_kept = False

    @property
    def size(self) -> int:
        """Bytes written until now."""
        return self._upload.size + len(self._waiting)

    def write(self, piece: bytes) -> None:
        """The next bytes, however they come; a chunk is sealed as soon as it is full."""
        self._waiting += piece
        while len(self._waiting) >= self._upload.chunk_bytes:
            self._seal(self._upload.chunk_bytes)

    def finish(self) -> str:
        """All of it was written: seal the rest, make it durable; the SHA-256 of the whole."""
        if self._waiting:
            self._seal(len(self._waiting))
        leave_room(folder_of(self._upload.id), 0)  # less came than was announced, of a form its other fields
        sync_folder(folder_of(self._upload.id))
        return self._digest.hexdigest()

    def keep(
        self,
        *,
        kind: str,
        as_of: date,
        name: str,
        by: Actor,
        now: datetime,
        way: str = "pages",
        once_key: str | None = None,
        token: UUID | None = None,
    ) -> StagedUpload:
        """The row appears: from here on it survives a power cut. ``name`` is only shown.

        Raises IntegrityError where an upload with that ``once_key`` is there already.
        """
        upload = self._upload
        upload.sha256 = self.finish()
        upload.kind, upload.as_of, upload.name = kind, as_of, name[:120]
        upload.uploaded_by, upload.uploaded_at, upload.arrived_at = by.name, now, now
        upload.way, upload.once_key, upload.token = way, once_key, token
        upload.save(force_insert=True)
        self.is_kept = True
        return upload

    def discard(self) -> None:
        shutil.rmtree(folder_of(self._upload.id), ignore_errors=True)

    def _seal(self, length: int) -> None:
        upload, chunk = self._upload, bytes(self._waiting[:length])
        del self._waiting[:length]
        self._digest.update(chunk)
        upload.chunks, upload.size = upload.chunks + 1, upload.size + length
        target = chunk_file(upload.id, upload.chunks)
        leave_room(folder_of(upload.id), self._announced - upload.size)
        write_chunk(target, chunk, upload_id=upload.id, number=upload.chunks, key=self._data_key)


def receive_chunks(
    *, chunks: Iterable[bytes], kind: str, as_of: date, name: str, by: Actor, now: datetime
) -> StagedUpload:
    """Seal the upload while it arrives; the row appears when all of it is there. ``name`` is only shown."""
    arriving = Arriving(now=now)
    try:
        for chunk in chunks:
            arriving.write(chunk)
        return arriving.keep(kind=kind, as_of=as_of, name=name, by=by, now=now)
    except BaseException:  # a cut connection too: nothing of a half upload stays
        arriving.discard()
        raise


def publish_later(*, upload: StagedUpload, by: Actor, release: bool = False) -> None:
    """Leave it to the worker. Inside the caller's transaction: it runs if that commits."""
    queued = {"queued_at": upload.uploaded_at, "release": release}
    StagedUpload.objects.filter(id=upload.id).update(**queued)
    publish_staged.enqueue(  # type: ignore[call-arg]  # the worker gives now
        upload_id=str(upload.id), by_kind=by.kind, by_name=by.name, network=by.network, release=release
    )


@task()
def publish_staged(upload_id: str, by_kind: str, by_name: str, network: str, release: bool, now: datetime) -> str:
    """The worker gives ``now``. A refusal is an outcome, shown to who uploaded; only a conflict is tried again."""
    by = Actor(by_kind, by_name, network)
    try:
        return publish_now(upload_id=UUID(upload_id), by=by, now=now, release=release).status
    except Conflict as error:
        if "is running" in error.lines[0]:
            raise
        return "refused"
    except PublicationHeld:
        return "held"
    except ReportsRefused:
        return "refused"


def publish_now(
    *, upload_id: UUID, by: Actor, now: datetime, release: bool = False, progress: Progress = silent
) -> Outcome:
    """Publish a staged upload, keep how it ended in its row, remove its chunks. Raises what ``publish`` raises."""
    whole = StagedUpload.objects.filter(id=upload_id, arrived_at__isnull=False, finished_at__isnull=True)
    upload = whole.first()
    if upload is None:
        raise UsageRefused("this upload was published or refused already")
    try:
        outcome = _published(upload, by, now, release, progress)
    except PublicationHeld as error:
        _finish(upload, "held", error.lines, error.publication_id, now, error.exit_code)
        raise
    except ReportsRefused as error:
        if not (isinstance(error, Conflict) and "is running" in error.lines[0]):
            _finish(upload, "refused", error.lines, None, now, error.exit_code)
        raise
    publication = outcome.publication.id if outcome.publication else None
    _finish(upload, "published", outcome.lines, publication, now, 0)
    return outcome


def _published(upload: StagedUpload, by: Actor, now: datetime, release: bool, progress: Progress) -> Outcome:
    """A reader may hide what was wrong with the chunks in an error of its own: the file remembers it."""
    with open_staged(upload) as file:
        try:
            return publish(
                kind=upload.kind,
                source=file,
                as_of=upload.as_of,
                by=by,
                now=now,
                release=release,
                progress=progress,
                vouched=lambda moment: require_vouched(username=by.name, token=upload.token, now=moment),
            )
        except Exception as error:
            fault = file.raw.fault if isinstance(file.raw, StagedFile) else None
            if fault is None or isinstance(error, IntegrityBroken):
                raise
            raise fault from error


def try_again(*, now: datetime) -> int:
    """Uploads whose publishing failed for another reason than their content (store, disk, database): the worker tries
    again, every hour until they are given up; how many."""
    return once_more(task_path=publish_staged.module_path, now=now)


def sweep_staging(*, now: datetime) -> int:
    """Remove what was abandoned: uploads that nobody finished or confirmed for a day, those that no worker could
    publish for a week, folders without a row; how many."""
    waiting = StagedUpload.objects.filter(finished_at__isnull=True)
    abandoned = Q(queued_at__isnull=True, uploaded_at__lt=now - ABANDONED_AFTER)
    old = list(waiting.filter(abandoned | Q(queued_at__lt=now - GIVEN_UP_AFTER)))
    for upload in old:
        within = "it was not published in time" if upload.arrived_at else "the rest of it did not arrive within a day"
        _finish(upload, "failed", [f"{within}; send it again"], None, now, FAILED)
    kept = {str(upload_id) for upload_id in waiting.values_list("id", flat=True)}
    strays = [folder for folder in _strays(now) if folder.name not in kept]
    for folder in strays:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old) + len(strays)


def _strays(now: datetime) -> list[Path]:
    """Folders so old that no upload is still arriving in them."""
    before = (now - ABANDONED_AFTER).timestamp()
    return [folder for folder in staging_folder().glob("*") if folder.stat().st_mtime < before]


def settle(
    *, upload: StagedUpload, outcome: str, lines: list[str], now: datetime, exit_code: int | None = None
) -> bool:
    """Say how an upload ended that was not published, and remove its chunks; False if it had ended before."""
    return _finish(upload, outcome, lines, None, now, exit_code)


def _finish(
    upload: StagedUpload,
    outcome: str,
    lines: list[str],
    publication: UUID | None,
    now: datetime,
    exit_code: int | None,
) -> bool:
    """The row first, then the chunks: a kill in between leaves sealed bytes that the sweep removes."""
    with transaction.atomic():
        mine = StagedUpload.objects.filter(id=upload.id, finished_at__isnull=True)
        facts = {"outcome": outcome, "message": lines[:100], "exit_code": exit_code}
        ended = mine.update(finished_at=now, publication_id=publication, **facts)
    shutil.rmtree(folder_of(upload.id), ignore_errors=True)
    return bool(ended)
