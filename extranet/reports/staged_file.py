"""A staged upload as a file: read-only and seekable, in memory one chunk at a time, nowhere in clear on the disk.

Each chunk is bound to its upload and number and must have the length that it has there, so that a missing, doubled,
exchanged or cut one cannot be read. Whoever reads from front to end is told of the digest of the whole as well.
"""

import hashlib
import io
import os
from pathlib import Path
from uuid import UUID

from django.conf import settings

from extranet.keyring.models import Purpose
from extranet.keyring.ring import system_key_version
from extranet.reports.models import StagedUpload
from extranet.reports.refusals import IntegrityBroken
from extranet.vault.keys import unwrap_data_key
from extranet.vault.sealing import Unopenable, open_bytes, seal_bytes

BUFFER = 256 * 1024


class StagedFile(io.RawIOBase):
    """The bytes as they were sent. Raises IntegrityBroken where they are not there as they came; ``fault`` keeps it
    for readers that turn every error of a file into one of their own."""

    def __init__(self, upload: StagedUpload) -> None:
        self._upload, self._key = upload, data_key_of(upload)
        if upload.chunks != -(-upload.size // upload.chunk_bytes):
            raise IntegrityBroken(f"the upload {upload.id} is not what was sent; send the file once more")
        self._position = self._number = self._digested = 0
        self._chunk, self._digest = b"", hashlib.sha256()
        self.fault: IntegrityBroken | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._upload.size}[whence]
        if start + offset < 0:
            raise ValueError("there is nothing before the beginning of a file")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # any writable buffer
        if self._position >= self._upload.size or not len(buffer):
            return 0
        number, skipped = divmod(self._position, self._upload.chunk_bytes)
        piece = memoryview(self._opened(number + 1))[skipped : skipped + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _opened(self, number: int) -> bytes:
        """That chunk; the one before it leaves the memory."""
        if self._number != number:
            self._chunk = b""
            try:
                self._chunk = self._read(number)
                self._digest_next(number)
            except IntegrityBroken as error:
                self.fault = error
                raise
            self._number = number
        return self._chunk

    def _read(self, number: int) -> bytes:
        upload = self._upload
        try:
            sealed = chunk_file(upload.id, number).read_bytes()
            chunk = open_bytes(sealed, self._key, chunk_aad(upload.id, number))
        except (OSError, Unopenable) as error:
            raise IntegrityBroken(f"the upload {upload.id} cannot be opened again; send the file once more") from error
        if len(chunk) != min(upload.chunk_bytes, upload.size - (number - 1) * upload.chunk_bytes):
            raise IntegrityBroken(f"the upload {upload.id} is not what was sent; send the file once more")
        return chunk

    def _digest_next(self, number: int) -> None:
        """Chunks count for the digest in their order, each once, however often the reader goes back."""
        if number != self._digested + 1:
            return
        self._digest.update(self._chunk)
        self._digested = number
        is_last = number == self._upload.chunks
        if is_last and self._upload.sha256 and self._digest.hexdigest() != self._upload.sha256:
            raise IntegrityBroken(f"the upload {self._upload.id} is not what was sent; send the file once more")


def open_staged(upload: StagedUpload) -> io.BufferedReader:
    """The file as it was sent, for readers that seek; raises IntegrityBroken, at once or while it is read."""
    return io.BufferedReader(StagedFile(upload), BUFFER)


def digest_of(upload: StagedUpload) -> str:
    """SHA-256 of the whole, read from front to end; raises IntegrityBroken."""
    digest, file = hashlib.sha256(), StagedFile(upload)
    buffer = memoryview(bytearray(BUFFER))
    while length := file.readinto(buffer):
        digest.update(buffer[:length])
    return digest.hexdigest()


def write_chunk(target: Path, chunk: bytes, *, upload_id: UUID, number: int, key: bytes) -> None:
    """Seal one chunk into that file, durably; its name in the folder is durable once the folder is flushed."""
    sealed = seal_bytes(chunk, key, chunk_aad(upload_id, number))
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())


def data_key_of(upload: StagedUpload) -> bytes:
    """The key of its chunks; raises IntegrityBroken where the row was touched."""
    handle = system_key_version(Purpose.STAGING, upload.key_version)
    try:
        return unwrap_data_key(handle.key, bytes(upload.wrapped_key), chunk_aad(upload.id, 0))
    except Unopenable as error:
        raise IntegrityBroken(f"the upload {upload.id} cannot be opened again; send the file once more") from error


def staging_folder() -> Path:
    folder: Path = settings.EXTRANET.folder / "staging"
    return folder


def folder_of(upload_id: UUID) -> Path:
    return staging_folder() / str(upload_id)


def chunk_file(upload_id: UUID, number: int) -> Path:
    return folder_of(upload_id) / f"{number:06d}"


def chunk_aad(upload_id: UUID, number: int) -> bytes:
    """Number 0 is the key of the upload itself."""
    return b"agent-extranet staging 1\0" + upload_id.bytes + number.to_bytes(4, "big")
