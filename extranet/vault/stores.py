"""Where packs lie: objects that appear whole or not at all, and are never changed afterwards."""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from extranet.vault.durable import sync_folder

_NAME: Final = re.compile(r"[a-z0-9_-][a-z0-9._-]{0,199}")
_PART: Final = ".part"


class StoreRefused(Exception):
    """The store cannot do that; the message says why."""


class NameTaken(StoreRefused):
    """There is an object of that name, or another process is writing it."""


class ObjectMissing(StoreRefused):
    """There is no object of that name."""


class Reader(Protocol):
    """One object, read by ranges."""

    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes; fewer only at the end of the object."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Target(Protocol):
    """What a writer gives: bytes are appended."""

    def write(self, data: bytes, /) -> object: ...


class Store(Protocol):
    """Names are ours, never a user's: small letters, digits, dot, hyphen, underscore."""

    def writer(self, name: str) -> AbstractContextManager[Target]:
        """Leave the block cleanly: the object is durable and visible. Leave it by an error: there is nothing.
        Raises NameTaken, on entry or at the end: an object is created once."""
        ...

    def open(self, name: str) -> Reader:
        """Raises ObjectMissing."""
        ...

    def delete(self, name: str) -> None:
        """Durably; what is gone already is fine, so that retention may be repeated."""
        ...

    def names(self) -> list[str]:
        """All whole objects, sorted."""
        ...

    def leftovers(self) -> list[str]:
        """Names whose writing was killed: not visible, worth a line to the operator, swept by the next ``writer``
        of that name or by ``sweep``."""
        ...

    def sweep(self) -> list[str]:
        """Remove the leftovers; which they were."""
        ...


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
        return sorted(name for name in self._listing() if _NAME.fullmatch(name))

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

    def _publish(self, part: Path, final: Path) -> None:
        try:
            os.link(part, final)  # unlike a rename, a link never replaces
        except FileExistsError:
            raise NameTaken(f"{final.name} exists already in {self._path}") from None
        part.unlink()
        sync_folder(self._path)

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StoreRefused(f"{name!r} is not a name for an object")
        return self._path / name

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


def open_store(url: str) -> Store:
    """The store at that address: ``file:///folder``. StoreRefused names what is supported."""
    path = url.removeprefix("file://")
    if path == url or not path.startswith("/"):
        raise StoreRefused(f"EXTRANET_STORE_URL is {url!r}; supported is a folder: file:///absolute/path")
    return FolderStore(Path(path))


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
