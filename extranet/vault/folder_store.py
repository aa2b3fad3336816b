"""Packs in a folder of a local disk."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from extranet.vault.durable import sync_folder
from extranet.vault.objects import NameTaken, ObjectMissing, StoreAway, Target, is_name, require_name

_PART: Final = ".part"


class FolderStore:
    """A folder on a local disk, for its owner only. A lock on the part tells a living writer from a killed one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def writer(self, name: str) -> Iterator[Target]:
        final, part = self._place(name), self._part(name)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = _claim(part)
        try:
            with os.fdopen(handle, "wb", closefd=False) as file:
                if final.exists():
                    raise NameTaken(f"{name} exists already in {self._path}")
                # Only now: a part left between the two steps of _publish is the finished object itself.
                file.truncate()
                yield file
                file.flush()
                os.fsync(file.fileno())
            self._publish(part, final)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)

    def open(self, name: str) -> "FileReader":
        try:
            return FileReader(os.open(self._place(name), os.O_RDONLY))
        except FileNotFoundError:
            raise ObjectMissing(f"{name} is not in {self._path}") from None

    def delete(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._place(name).unlink()
            sync_folder(self._path)

    def names(self) -> list[str]:
        return sorted(name for name in self._listing() if is_name(name))

    def leftovers(self) -> list[str]:
        parts = [name for name in self._listing() if name.startswith(".") and name.endswith(_PART)]
        return sorted(name[1 : -len(_PART)] for name in parts if _is_abandoned(self._path / name))

    def sweep(self) -> list[str]:
        swept = []
        for name in self.leftovers():
            with contextlib.suppress(NameTaken):  # somebody began to write it just now
                handle = _claim(self._part(name))
                self._part(name).unlink(missing_ok=True)
                os.close(handle)
                swept.append(name)
        return swept

    def require_there(self) -> None:
        """The folder, or the one in which it will be made, may be written. Looks at rights and mount only."""
        folder = self._path if self._path.exists() else self._path.parent
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            raise StoreAway(f"{folder} cannot be written: check owner and mount")

    def _publish(self, part: Path, final: Path) -> None:
        try:
            os.link(part, final)  # unlike a rename, a link never replaces
        except FileExistsError:
            raise NameTaken(f"{final.name} exists already in {self._path}") from None
        part.unlink()
        sync_folder(self._path)

    def _place(self, name: str) -> Path:
        return self._path / require_name(name)

    def _part(self, name: str) -> Path:
        return self._path / f".{name}{_PART}"

    def _listing(self) -> list[str]:
        try:
            return os.listdir(self._path)
        except FileNotFoundError:
            return []


class FileReader:
    """Range reads of one file; safe from several threads."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def read(self, offset: int, length: int) -> bytes:
        blocks = []
        while length > 0 and (block := os.pread(self._handle, length, offset)):
            blocks.append(block)
            offset, length = offset + len(block), length - len(block)
        return b"".join(blocks)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _claim(part: Path) -> int:
    """Open the part and lock it for as long as it stays open; the lock of a killed process is gone."""
    handle = os.open(part, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_still(part, handle):  # its writer finished between our open and our lock
            raise BlockingIOError
    except BlockingIOError:
        os.close(handle)
        raise NameTaken(f"{part.name[1 : -len(_PART)]} is being written by another process") from None
    return handle


def _is_still(part: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(part), os.fstat(handle))
    except FileNotFoundError:
        return False


def _is_abandoned(part: Path) -> bool:
    try:
        handle = os.open(part, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
