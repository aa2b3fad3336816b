"""A file sent by a program under a key of its own choice: however often it is sent again, it is taken once."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from extranet.audit.record import Actor
from extranet.reports.models import StagedUpload
from extranet.reports.staging import Arriving, publish_later


class KeyUsed(Exception):
    """The key stands for another file, report, day or wish already; nothing was taken."""


class CutOff(Exception):
    """Not all that was announced arrived, or not as it was announced; nothing was kept."""


@dataclass(frozen=True)
class Asked:
    """What is sent, and what for. ``sha256`` in hex where the sender announced it, else blank."""

    kind: str
    as_of: date
    name: str
    size: int
    release: bool = False
    sha256: str = ""
    token: UUID | None = None  # with which API token; not part of what is compared when it is sent again


def receive_once(
    *, chunks: Iterable[bytes], asked: Asked, key: str, way: str, by: Actor, now: datetime
) -> StagedUpload:
    """Take the file and leave it to the worker; the upload of before where this key was used for the same.

    Raises KeyUsed, CutOff, NoRoom. Not inside a transaction.
    """
    once_key = hashlib.sha256("\0".join((way, by.name, key)).encode()).hexdigest()
    before = StagedUpload.objects.filter(once_key=once_key).first()
    if before is not None:
        return _the_same(before, asked, _digest(chunks, asked))
    arriving = Arriving(now=now, size=asked.size)
    try:
        for chunk in chunks:
            arriving.write(chunk)
        sha256 = arriving.finish()
        _require_whole(asked, arriving.size, sha256)
        return _keep(arriving, asked, once_key, way, by, now)
    except IntegrityError:  # the same key, sent twice at once: the other one was faster
        return _the_same(StagedUpload.objects.get(once_key=once_key), asked, sha256)
    finally:
        if not arriving.is_kept:
            arriving.discard()


def _keep(arriving: Arriving, asked: Asked, once_key: str, way: str, by: Actor, now: datetime) -> StagedUpload:
    """The upload and its task, both or neither."""
    try:
        with transaction.atomic():
            kept = arriving.keep(
                kind=asked.kind,
                as_of=asked.as_of,
                name=asked.name,
                by=by,
                now=now,
                way=way,
                once_key=once_key,
                token=asked.token,
            )
            publish_later(upload=kept, by=by, release=asked.release)
    except BaseException:
        arriving.is_kept = False  # its row went with the transaction
        raise
    kept.refresh_from_db()
    return kept


def _the_same(before: StagedUpload, asked: Asked, sha256: str) -> StagedUpload:
    sent = (before.kind, before.as_of, before.release, before.sha256)
    if sent != (asked.kind, asked.as_of, asked.release, sha256):
        raise KeyUsed("this key was used for another file, report, day or wish; take a new key for a new file")
    return before


def _digest(chunks: Iterable[bytes], asked: Asked) -> str:
    """Of a file that is here already: read, but not kept."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    _require_whole(asked, size, digest.hexdigest())
    return digest.hexdigest()


def _require_whole(asked: Asked, size: int, sha256: str) -> None:
    if size != asked.size:
        raise CutOff(f"{size:,} of {asked.size:,} bytes arrived; send the file again under the same key")
    if asked.sha256 and asked.sha256 != sha256:
        raise CutOff("the file is not the one whose digest was sent with it; send it again under the same key")
