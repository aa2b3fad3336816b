"""The messages that wait in the place where reports arrive: a Maildir, a folder of ``.eml`` files, or an mbox.

What was taken in is removed; all else is put aside, because a person's answer may be among it: in a Maildir with the
mark of a message that was seen, in a folder below ``put-aside/``, in an mbox with the status of one that was read.
"""

import contextlib
import mailbox
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from extranet.mail.returned.report import LARGEST

ASIDE = "put-aside"
MOST = 500  # messages of one reading; the rest waits for the next
SEEN = ":2,S"


class PlaceRefused(Exception):
    """EXTRANET_RETURNED_MAIL names nothing that can be read and changed; the message says what to do."""


@dataclass(frozen=True)
class Found:
    """One message. ``raw`` has at most one byte more than the largest report."""

    name: str
    raw: bytes


class Place(Protocol):
    def waiting(self) -> Iterator[Found]:
        """At most ``MOST`` messages that nobody has read yet."""
        ...

    def remove(self, found: Found) -> None: ...

    def put_aside(self, found: Found) -> None: ...

    def close(self) -> None: ...


def open_place(path: Path) -> Place:
    """The place of that path by what is there; raises PlaceRefused."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise PlaceRefused(f"{path} cannot be looked at ({type(error).__name__}): make it, or name another") from None
    if not os.access(path, os.R_OK | os.W_OK):
        raise PlaceRefused(f"{path} cannot be read and changed by this user: check owner and mode")
    if stat.S_ISREG(mode):
        return Mbox(path)
    if not stat.S_ISDIR(mode):
        raise PlaceRefused(f"{path} must be a Maildir, a folder of .eml files, or an mbox file")
    return Maildir(path) if (path / "new").is_dir() and (path / "cur").is_dir() else Folder(path)


class Folder:
    """Files that end in ``.eml``. Whoever puts them there writes under another name first and renames."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def waiting(self) -> Iterator[Found]:
        yield from _read(_plain_files(self._path, ending=".eml")[:MOST])

    def remove(self, found: Found) -> None:
        Path(found.name).unlink(missing_ok=True)

    def put_aside(self, found: Found) -> None:
        aside = self._path / ASIDE
        aside.mkdir(mode=0o700, exist_ok=True)
        _rename(Path(found.name), _free(aside, Path(found.name).name))

    def close(self) -> None:
        pass


class Maildir:
    """``new`` and ``cur``; a message with the flags seen or trashed was read before."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def waiting(self) -> Iterator[Found]:
        files = [*_plain_files(self._path / "new"), *_plain_files(self._path / "cur")]
        yield from _read([file for file in files if not {"S", "T"} & set(file.name.partition(":2,")[2])][:MOST])

    def remove(self, found: Found) -> None:
        Path(found.name).unlink(missing_ok=True)

    def put_aside(self, found: Found) -> None:
        file = Path(found.name)
        _rename(file, _free(self._path / "cur", f"{file.name.partition(':2,')[0]}{SEEN}"))

    def close(self) -> None:
        pass


class Mbox:
    """One file of many messages, locked while it is read, as the servers that write to it lock it."""

    def __init__(self, path: Path) -> None:
        self._box: Any = mailbox.mbox(path, create=False)  # its keys are numbers, whatever the stubs say
        try:
            self._box.lock()
        except (mailbox.ExternalClashError, OSError):
            self._box.close()
            raise PlaceRefused(f"{path} is locked by another program: it is read the next time") from None

    def waiting(self) -> Iterator[Found]:
        sent = 0
        for key in list(self._box.iterkeys()):
            if sent == MOST:
                return
            with self._box.get_file(key) as file:
                raw = file.read(LARGEST + 1)
            if not _was_read(raw):
                sent += 1
                yield Found(str(key), raw)

    def remove(self, found: Found) -> None:
        self._box.remove(int(found.name))

    def put_aside(self, found: Found) -> None:
        key = int(found.name)
        self._box[key] = b"Status: RO\n" + self._box.get_bytes(key)

    def close(self) -> None:
        """Write what was removed and put aside, and let go of the file."""
        try:
            self._box.flush()
        finally:
            self._box.close()


def _was_read(raw: bytes) -> bool:
    head = raw.partition(b"\n\n")[0].replace(b"\r", b"")
    return any(line.lower().startswith(b"status:") and b"R" in line[7:] for line in head.split(b"\n"))


def _plain_files(folder: Path, *, ending: str = "") -> list[Path]:
    """Files alone, the oldest name first: no links, which could lead anywhere, and nothing hidden."""
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if entry.is_file(follow_symlinks=False) and entry.name.endswith(ending) and not entry.name.startswith(".")
        ]
    return [folder / name for name in sorted(names)]


def _read(files: list[Path]) -> Iterator[Found]:
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # another reader was faster
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(handle, "rb") as opened:
                yield Found(str(file), opened.read(LARGEST + 1))


def _free(folder: Path, name: str) -> Path:
    """That name there, with a number first where another message has it: that one must stay."""
    names = (name if number == 1 else f"{number}-{name}" for number in count(1))
    return next(place for one in names if not (place := folder / one).exists())


def _rename(old: Path, new: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        old.replace(new)
