"""An upload in pieces: each piece is one chunk, durable before it is confirmed, so that a lost connection, a reloaded
page or a killed server costs one piece and not the file.

``chain`` is a digest over the digests of the chunks that are here: who goes on compares it with the own file first, and
two versions of a file never become one upload. An upload belongs to who began it; for everybody else there is none.
"""

import hashlib
import os
import secrets
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from extranet.audit.record import Actor
from extranet.reports.models import StagedUpload
from extranet.reports.room import leave_room
from extranet.reports.staged_file import chunk_file, data_key_of, digest_of, folder_of, write_chunk
from extranet.reports.staging import LARGEST, new_upload, publish_later, settle
from extranet.vault.durable import sync_folder

MOST_ARRIVING = 4  # uploads that one person may have begun and not finished


class UploadRefused(Exception):
    """It cannot be begun like this; the message says why."""


class NoUpload(Exception):
    """There is no such upload of this person, or it has ended."""


class WrongPlace(Exception):
    """The piece does not begin where the upload ends; ``offset`` is where it ends."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload goes on at byte {offset}")
        self.offset = offset


class WrongPiece(Exception):
    """The piece is not a whole chunk, or not of the file that was begun."""


def begin(
    *, kind: str, as_of: date, name: str, size: int, first_chunk: str, release: bool, by: Actor, now: datetime
) -> StagedUpload:
    """A new upload, or the one of the same file that this person began before, asked for as it is asked for now.

    ``first_chunk`` is the SHA-256 of the first chunk in hex. Raises UploadRefused, NoRoom.
    """
    if not 0 < size <= LARGEST:
        raise UploadRefused(f"the file is empty or larger than {LARGEST // 1024**3} GB")
    mine = arriving(by)
    begun = mine.filter(name=name[:120], announced=size, first_chunk=first_chunk).first()
    if begun is not None:
        asked = {"kind": kind, "as_of": as_of, "release": release, "uploaded_at": now}
        mine.filter(id=begun.id).update(**asked)
        begun.refresh_from_db()
        return begun
    if mine.count() >= MOST_ARRIVING:
        raise UploadRefused(f"{MOST_ARRIVING} files are arriving already; finish one, or wait a day")
    upload, _ = new_upload(now=now, size=size)
    upload.kind, upload.as_of, upload.name, upload.release = kind, as_of, name[:120], release
    upload.announced, upload.first_chunk = size, first_chunk
    upload.uploaded_by, upload.uploaded_at = by.name, now
    upload.save(force_insert=True)
    return upload


def arriving(by: Actor) -> QuerySet[StagedUpload]:
    """What this person began and did not finish."""
    waiting = StagedUpload.objects.filter(arrived_at__isnull=True, finished_at__isnull=True)
    return waiting.filter(uploaded_by=by.name, announced__gt=0)


def found(*, upload_id: UUID, by: Actor) -> StagedUpload:
    """The upload in pieces of that person, arriving or arrived; raises NoUpload."""
    row = StagedUpload.objects.filter(id=upload_id, uploaded_by=by.name, announced__gt=0).first()
    if row is None or (row.arrived_at is None and row.finished_at is not None):
        raise NoUpload
    return row


def append(*, upload_id: UUID, offset: int, piece: bytes, by: Actor, now: datetime) -> StagedUpload:
    """Take the next piece, durably, and leave the upload to the worker with the last one. Not inside a transaction.

    A piece that was confirmed already, sent again, is a WrongPlace with the right one. Raises NoUpload, WrongPiece.
    """
    row = found(upload_id=upload_id, by=by)
    if offset != row.size or (row.arrived_at is not None and piece):
        raise WrongPlace(row.size)
    if row.arrived_at is not None:
        return row
    if row.size < row.announced:
        _require_fitting(row, piece)
        _take(row, piece, now)
    if row.size == row.announced:
        _arrived(row, by, now)
    return row


def give_up(*, upload_id: UUID, by: Actor, now: datetime) -> None:
    """The person begins anew, or not at all: nothing of it stays. Raises NoUpload."""
    row = arriving(by).filter(id=upload_id).first()
    if row is None:
        raise NoUpload
    settle(upload=row, outcome="failed", lines=["it was given up before all of it was here"], now=now)


def chain_after(chain: str, piece: bytes) -> str:
    """The digest over the digests: SHA-256 of the one before (nothing at first) and the SHA-256 of the chunk."""
    return hashlib.sha256(bytes.fromhex(chain) + hashlib.sha256(piece).digest()).hexdigest()


def _require_fitting(row: StagedUpload, piece: bytes) -> None:
    length = min(row.chunk_bytes, row.announced - row.size)
    if len(piece) != length:
        raise WrongPiece(f"this piece must have {length} bytes, not {len(piece)}")
    if not row.chunks and hashlib.sha256(piece).hexdigest() != row.first_chunk:
        raise WrongPiece("this is not the beginning of the file that was announced")


def _take(row: StagedUpload, piece: bytes, now: datetime) -> None:
    """The bytes first, under a name of their own; the name of the chunk only for who moves the row."""
    number = row.chunks + 1
    target = chunk_file(row.id, number)
    own = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    size, chain = row.size + len(piece), chain_after(row.chain, piece)
    leave_room(folder_of(row.id), row.announced - size)
    try:
        write_chunk(own, piece, upload_id=row.id, number=number, key=data_key_of(row))
        with transaction.atomic():
            here = StagedUpload.objects.filter(id=row.id, chunks=row.chunks, finished_at__isnull=True)
            if not here.update(uploaded_at=now, chunks=number, size=size, chain=chain):
                raise WrongPlace(_size_now(row))
            os.replace(own, target)
            sync_folder(folder_of(row.id))
    except FileNotFoundError:  # it was given up or swept meanwhile
        raise NoUpload from None
    finally:
        own.unlink(missing_ok=True)
    row.refresh_from_db()


def _size_now(row: StagedUpload) -> int:
    size = StagedUpload.objects.filter(id=row.id, finished_at__isnull=True).values_list("size", flat=True).first()
    if size is None:
        raise NoUpload
    return size


def _arrived(row: StagedUpload, by: Actor, now: datetime) -> None:
    """All of it is here: read it once for its digest, then the row and the task, both or neither."""
    sha256 = digest_of(row)
    with transaction.atomic():
        last = StagedUpload.objects.filter(id=row.id, arrived_at__isnull=True, finished_at__isnull=True)
        ended = last.update(arrived_at=now, uploaded_at=now, sha256=sha256)
        row.refresh_from_db()
        if ended:
            publish_later(upload=row, by=by, release=row.release)
