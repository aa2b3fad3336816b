"""The file that somebody wants published: opened once, hashed while it is read, never copied."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from extranet.reports.refusals import PublicationRefused

BLOCK = 4 * 1024 * 1024


class InputFile:
    """A seekable file. ``sha256`` costs a reading of its own only where the file was not read to its end before."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._sha256 = ""

    def sha256(self) -> str:
        """In hex, of all bytes."""
        if not self._sha256:
            self.file.seek(0)
            digest = hashlib.sha256()
            while block := self.file.read(BLOCK):
                digest.update(block)
            self._sha256 = digest.hexdigest()
        return self._sha256

    def sequential(self) -> BinaryIO:
        """The file from its beginning; what passes is hashed, and at the end known."""
        self.file.seek(0)
        self._sha256 = ""
        return cast(BinaryIO, Hashed(self))

    def learned(self, sha256: str) -> None:
        self._sha256 = sha256


class Hashed(io.RawIOBase):
    """Reads forward only."""

    def __init__(self, whole: InputFile) -> None:
        self._whole, self._digest = whole, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._whole.file.read(size)
        self._digest.update(block)
        if not block:
            self._whole.learned(self._digest.hexdigest())
        return block


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[InputFile]:
    """A path is opened and closed, a file is left open. What cannot be read is refused."""
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                yield InputFile(file)
        else:
            yield InputFile(source)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise PublicationRefused(f"the file cannot be read: {error.strerror}") from error
