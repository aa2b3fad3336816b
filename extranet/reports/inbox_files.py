"""What may lie in ``inbox/`` and what it is called: ``<report>-<day>.csv`` and beside it ``<report>-<day>.csv.sha256``.

The checksum file, in the form of sha256sum, says that the file is whole: it is written last. Everything in the folder
was put there by another program; nothing of it is believed before it fits.
"""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from extranet.profile.loader import current
from extranet.vault.durable import sync_folder

NAME = re.compile(r"(?P<kind>[a-z][a-z0-9-]{0,39})-(?P<day>\d{4}-\d{2}-\d{2})\.(?:csv|parquet|xlsx)")
CHECKSUM_LINE = re.compile(r"(?P<sha256>[0-9a-fA-F]{64}) [ *](?:\./)?(?P<name>[^/\s]+)\s*")
CLAIM = re.compile(rf"(?P<mark>[0-9a-f]{{16}})\.(?P<sha256>[0-9a-f]{{64}})\.(?P<name>{NAME.pattern})")
SUM, RESULT = ".sha256", ".result.json"
LONGEST_SUM = 1024  # bytes of a checksum file; a longer one is none


class NotTaken(Exception):
    """The file stays where it is until whoever put it there corrects it; the message says what."""


@dataclass(frozen=True)
class Dropped:
    """A file that its checksum file declares whole."""

    name: str
    kind: str
    as_of: date
    sha256: str


@dataclass(frozen=True)
class Claimed:
    """A file in our hands. ``mark`` is drawn when it is claimed: what is done under it is done once."""

    path: Path
    mark: str
    dropped: Dropped


def inbox() -> Path:
    folder: Path = settings.EXTRANET.folder / "inbox"
    return folder


def taken() -> Path:
    return inbox() / "taken"


def names_with_sum() -> list[str]:
    """Names of the files that have a checksum file beside them, in their order; all that cannot be a name is left."""
    if not inbox().is_dir():
        return []
    sums = {entry.name for entry in os.scandir(inbox()) if entry.name.endswith(SUM) and _is_plain(entry)}
    return sorted(name for name in (text.removesuffix(SUM) for text in sums) if re.fullmatch(r"[\w.-]{1,120}", name))


def look(name: str) -> Dropped | None:
    """What lies there under that name, None if the file is not there or was touched after its checksum file.

    Raises NotTaken.
    """
    path, beside = inbox() / name, inbox() / f"{name}{SUM}"
    try:
        file, checksum = path.lstat(), beside.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(file.st_mode):
        raise NotTaken(f"{name} is a link or no plain file; put the file itself there")
    if file.st_mtime_ns > checksum.st_mtime_ns:
        return None  # a new file beside an old checksum file: it may still be growing
    kind, as_of = _meaning(name)
    return Dropped(name, kind, as_of, _sum_in(beside, name))


def claim(dropped: Dropped) -> bool:
    """Make it ours by one rename; False if another worker was faster. Then the checksum file has done its duty."""
    taken().mkdir(mode=0o700, exist_ok=True)
    path = inbox() / dropped.name
    try:
        path.rename(taken() / f"{secrets.token_hex(8)}.{dropped.sha256}.{dropped.name}")
    except FileNotFoundError:
        return False
    for name in (f"{dropped.name}{SUM}", f"{dropped.name}{RESULT}"):  # of this file; and how an earlier one ended
        (inbox() / name).unlink(missing_ok=True)
    sync_folder(taken())
    sync_folder(inbox())
    return True


def claimed() -> Iterator[Claimed]:
    """Files in our hands, those of a killed run too; what else lies there was not put there by us."""
    if not taken().is_dir():
        return
    for path in sorted(taken().iterdir()):
        found = CLAIM.fullmatch(path.name)
        if found is None or (path.is_dir() and not path.is_symlink()):
            continue
        with contextlib.suppress(ValueError):  # no day of the calendar: it never was a claim
            dropped = Dropped(found["name"], found["kind"], date.fromisoformat(found["day"]), found["sha256"])
            yield Claimed(path, found["mark"], dropped)


def open_claimed(file: Claimed) -> BinaryIO:
    """Never through a link, never waiting for a pipe. Raises NotTaken if it is one: it was exchanged at the door."""
    try:
        handle = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if file.path.is_symlink():
            raise NotTaken(f"{file.dropped.name} is a link or no plain file; put the file itself there") from error
        if isinstance(error, PermissionError):
            raise NotTaken(f"{file.dropped.name} cannot be read; check its owner and mode") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotTaken(f"{file.dropped.name} is a link or no plain file; put the file itself there")
    return os.fdopen(handle, "rb")


def forget(file: Claimed) -> None:
    """Remove the plain text for good, and the checksum file that a kill left of it."""
    name = file.dropped.name
    with contextlib.suppress(OSError, NotTaken):
        if not (inbox() / name).exists() and _sum_in(inbox() / f"{name}{SUM}", name) == file.dropped.sha256:
            (inbox() / f"{name}{SUM}").unlink()
    file.path.unlink(missing_ok=True)
    sync_folder(file.path.parent)


def sweep_unwritten() -> None:
    """Remove results that a kill left half written. Only while nobody else writes any."""
    for path in inbox().glob(f".*{RESULT}.*"):
        path.unlink(missing_ok=True)


def lying(*, before: datetime) -> list[Path]:
    """Files that lie in clear since before that moment: nobody took them."""
    files = [*inbox().glob("*"), *taken().glob("*")] if inbox().is_dir() else []
    waiting = [path for path in files if path != taken() and not path.name.endswith((SUM, RESULT))]
    return sorted(path for path in waiting if path.lstat().st_mtime < before.timestamp())


def write_result(name: str, text: str) -> None:
    """Beside the file's place, whole or not at all; not where the folder is gone."""
    target = inbox() / f"{name}{RESULT}"
    own = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(own, target)
        sync_folder(inbox())
    finally:
        own.unlink(missing_ok=True)


def is_told(name: str) -> bool:
    """Whether a result stands there that is newer than the checksum file: then nobody has changed anything since."""
    try:
        return (inbox() / f"{name}{RESULT}").lstat().st_mtime_ns >= (inbox() / f"{name}{SUM}").lstat().st_mtime_ns
    except FileNotFoundError:
        return False


def _meaning(name: str) -> tuple[str, date]:
    found, kinds = NAME.fullmatch(name), current().reports
    if found is None or found["kind"] not in kinds:
        raise NotTaken(f"call it REPORT-YYYY-MM-DD.csv, with one of these reports: {', '.join(kinds)}")
    try:
        return found["kind"], date.fromisoformat(found["day"])
    except ValueError:
        raise NotTaken(f"{found['day']} is no day; call it REPORT-YYYY-MM-DD.csv") from None


def _sum_in(beside: Path, name: str) -> str:
    try:
        handle = os.open(beside, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise NotTaken(f"{name}{SUM} cannot be read; check its owner and mode, and that it is no link") from error
    with os.fdopen(handle, "rb") as file:
        text = file.read(LONGEST_SUM + 1).decode("utf-8", "replace")
    found = CHECKSUM_LINE.fullmatch(text)
    if found is None or found["name"] != name:
        raise NotTaken(f"{name}{SUM} is not what `sha256sum {name}` writes; write it again")
    return found["sha256"].lower()


def _is_plain(entry: "os.DirEntry[str]") -> bool:
    return entry.is_file(follow_symlinks=False)
