"""Making files and names in a folder survive a power cut, and letting one process at a time change them."""

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderBusy(Exception):
    """Another process changes the files of this folder; it ends by itself, or with that process."""


def sync_folder(folder: Path) -> None:
    """Flush the folder itself after a file was made, renamed or removed: the file's own fsync does not cover it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, parts: Iterable[bytes]) -> None:
    """Make a new file, for its owner only, and flush its content; the name is not yet flushed."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file whole or not at all, over an earlier one of that name if there is one."""
    part = part_of(path)
    try:
        write_durably(part, parts)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        sync_folder(path.parent)


def part_of(path: Path) -> Path:
    """Another name in the same folder, for a file that is not whole yet."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


@contextmanager
def alone_in(folder: Path, *, wait: bool) -> Iterator[None]:
    """Keep other processes from changing the files of the folder. The lock ends with the process, however it ends.

    Raises FolderBusy where another one has it and ``wait`` is False.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise FolderBusy(f"another process works on the files in {folder}: wait until it has ended") from None
    finally:
        os.close(handle)
