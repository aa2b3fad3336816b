"""Uploads of staff: sealed in chunks as they arrive, never in clear on the disk, published by the worker.

A folder an upload under ``staging/`` in the data folder; each chunk is bound to its upload and number, and a chunk that
is missing, doubled or out of order is seen by the digest of the whole.
"""

import hashlib
import io
import shutil
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django_tasks import task

from extranet.audit.record import Actor
from extranet.keyring.models import Purpose
from extranet.keyring.ring import system_key, system_key_version
from extranet.reports.models import StagedUpload
from extranet.reports.progress import Progress, silent
from extranet.reports.publish import Outcome, publish
from extranet.reports.refusals import Conflict, IntegrityBroken, PublicationHeld, ReportsRefused, UsageRefused
from extranet.vault.keys import unwrap_data_key, wrap_data_key
from extranet.vault.sealing import Unopenable, new_key, open_bytes, seal_bytes

CHUNK_BYTES = 4 * 1024 * 1024
ABANDONED_AFTER = timedelta(days=1)  # an upload that was never published is removed


class Arriving:
    """A file on its way: sealed as it is written; ``keep`` makes it an upload, ``discard`` leaves nothing of it."""

    def __init__(self, *, now: datetime) -> None:
        handle, self._data_key = system_key(Purpose.STAGING, now=now), new_key()
        self._upload = StagedUpload(key_version=handle.version)
        self._upload.wrapped_key = wrap_data_key(handle.key, self._data_key, _aad(self._upload, 0))
        self._digest, self._waiting = hashlib.sha256(), bytearray()
        self.is_kept = False
        _folder(self._upload.id).mkdir(mode=0o700, parents=True)

    @property
    def size(self) -> int:
        """Bytes written until now."""
        return self._upload.size + len(self._waiting)

    def write(self, piece: bytes) -> None:
        """The next bytes, however they come; a chunk is sealed as soon as it is full."""
        self._waiting += piece
        while len(self._waiting) >= CHUNK_BYTES:
            self._seal(CHUNK_BYTES)

    def keep(self, *, kind: str, as_of: date, name: str, by: Actor, now: datetime) -> StagedUpload:
        """All of it is there: the row appears. ``name`` is only shown."""
        if self._waiting:
            self._seal(len(self._waiting))
        upload = self._upload
        upload.kind, upload.as_of, upload.name = kind, as_of, name[:120]
        upload.uploaded_by, upload.uploaded_at, upload.sha256 = by.name, now, self._digest.hexdigest()
        upload.save(force_insert=True)
        self.is_kept = True
        return upload

    def discard(self) -> None:
        shutil.rmtree(_folder(self._upload.id), ignore_errors=True)

    def _seal(self, length: int) -> None:
        upload, chunk = self._upload, bytes(self._waiting[:length])
        del self._waiting[:length]
        self._digest.update(chunk)
        upload.chunks, upload.size = upload.chunks + 1, upload.size + length
        sealed = seal_bytes(chunk, self._data_key, _aad(upload, upload.chunks))
        _chunk_file(upload.id, upload.chunks).write_bytes(sealed)


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


def open_staged(upload: StagedUpload) -> BinaryIO:
    """The file as it was sent, in memory. Raises IntegrityBroken if it is not all there as it came."""
    handle = system_key_version(Purpose.STAGING, upload.key_version)
    target = io.BytesIO()
    try:
        data_key = unwrap_data_key(handle.key, bytes(upload.wrapped_key), _aad(upload, 0))
        for number in range(1, upload.chunks + 1):
            sealed = _chunk_file(upload.id, number).read_bytes()
            target.write(open_bytes(sealed, data_key, _aad(upload, number)))
    except (OSError, Unopenable) as error:
        raise IntegrityBroken(f"the upload {upload.id} cannot be opened again; send the file once more") from error
    if hashlib.sha256(target.getbuffer()).hexdigest() != upload.sha256:
        raise IntegrityBroken(f"the upload {upload.id} is not what was sent; send the file once more")
    target.seek(0)
    return target


def publish_later(*, upload: StagedUpload, by: Actor, release: bool = False) -> None:
    """Leave it to the worker. Inside the caller's transaction: it runs if that commits."""
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
    upload = StagedUpload.objects.filter(id=upload_id, finished_at__isnull=True).first()
    if upload is None:
        raise UsageRefused("this upload was published or refused already")
    try:
        file = open_staged(upload)
        outcome = publish(
            kind=upload.kind, source=file, as_of=upload.as_of, by=by, now=now, release=release, progress=progress
        )
    except PublicationHeld as error:
        _finish(upload, "held", error.lines, error.publication_id, now)
        raise
    except ReportsRefused as error:
        if not (isinstance(error, Conflict) and "is running" in error.lines[0]):
            _finish(upload, "refused", error.lines, None, now)
        raise
    publication = outcome.publication.id if outcome.publication else None
    _finish(upload, "published", outcome.lines, publication, now)
    return outcome


def sweep_staging(*, now: datetime) -> int:
    """Remove what was abandoned: uploads that nobody published for a day, folders without a row; how many."""
    old = StagedUpload.objects.filter(finished_at__isnull=True, uploaded_at__lt=now - ABANDONED_AFTER)
    for upload in old:
        _finish(upload, "failed", ["it was not published within a day; send it again"], None, now)
    waiting = StagedUpload.objects.filter(finished_at__isnull=True)
    kept = {str(upload_id) for upload_id in waiting.values_list("id", flat=True)}
    strays = [folder for folder in _strays(now) if folder.name not in kept]
    for folder in strays:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old) + len(strays)


def _strays(now: datetime) -> list[Path]:
    """Folders so old that no upload is still arriving in them."""
    top = settings.EXTRANET.folder / "staging"
    before = (now - ABANDONED_AFTER).timestamp()
    return [folder for folder in top.glob("*") if folder.stat().st_mtime < before]


def settle(*, upload: StagedUpload, outcome: str, lines: list[str], now: datetime) -> bool:
    """Say how an upload ended that is no publication, a roster, and remove its chunks; False if it had ended before."""
    return _finish(upload, outcome, lines, None, now)


def _finish(upload: StagedUpload, outcome: str, lines: list[str], publication: UUID | None, now: datetime) -> bool:
    """The row first, then the chunks: a kill in between leaves sealed bytes that the sweep removes."""
    with transaction.atomic():
        mine = StagedUpload.objects.filter(id=upload.id, finished_at__isnull=True)
        ended = mine.update(finished_at=now, outcome=outcome, message=lines[:100], publication_id=publication)
    shutil.rmtree(_folder(upload.id), ignore_errors=True)
    return bool(ended)


def _folder(upload_id: UUID) -> Path:
    folder: Path = settings.EXTRANET.folder / "staging" / str(upload_id)
    return folder


def _chunk_file(upload_id: UUID, number: int) -> Path:
    return _folder(upload_id) / f"{number:06d}"


def _aad(upload: StagedUpload, number: int) -> bytes:
    return b"agent-extranet staging 1\0" + upload.id.bytes + number.to_bytes(4, "big")
