"""Signed checkpoints in a folder outside the database: who cuts the trail's tail must cut this folder too (AU-9).

One JSON line a batch, appended and synced, a file a day. Keep the folder on another disk, or copy it away; it may be
append-only for this program. One folder serves all sealers of a database.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from extranet.audit.digests import is_signed, moment, signer
from extranet.audit.models import Batch
from extranet.keyring.ring import signing_key
from extranet.vault.durable import sync_folder
from extranet.vault.keys import SigningKey, verify

CONTEXT = b"agent-extranet audit checkpoint 1\0"
LOCK = ".lock"
SUFFIX = ".jsonl"


class IntegrityFailure(Exception):
    """The trail contradicts what was signed about it. Nothing here repairs that: a person has to look."""


@dataclass(frozen=True)
class Checkpoint:
    """One batch as it was when it was sealed."""

    number: int
    chain: str
    high: int
    count: int
    sealed_at: str
    signer: str
    signature: str = ""

    def signed_bytes(self) -> bytes:
        facts = {name: value for name, value in asdict(self).items() if name != "signature"}
        return CONTEXT + json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()

    def is_signed(self, key: SigningKey) -> bool:
        try:
            signature = bytes.fromhex(self.signature)
        except ValueError:
            return False
        return self.signer == signer(key) and verify(key.public_bytes, signature, self.signed_bytes())


def folder() -> Path:
    """EXTRANET_CHECKPOINT_URL: a path or ``file:///path``; default ``checkpoints/`` in the data folder."""
    url = settings.EXTRANET.checkpoint_url.removeprefix("file://")
    return Path(url) if url else settings.EXTRANET.folder / "checkpoints"


@contextlib.contextmanager
def exclusively() -> Iterator[bool]:
    """Hold the folder; False if another sealer does. A killed holder's lock is gone with it."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder() / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)


def write(batch: Batch) -> None:
    """Append the checkpoint of a committed batch, durably."""
    key = signing_key()
    bare = Checkpoint(batch.number, batch.chain, batch.high, batch.count, moment(batch.sealed_at), signer(key))
    facts = {**asdict(bare), "signature": key.sign(bare.signed_bytes()).hex()}
    path = _newest(default=folder() / f"{batch.sealed_at:%Y-%m-%d}{SUFFIX}", day=f"{batch.sealed_at:%Y-%m-%d}")
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        _drop_torn_line(file)
        file.write(json.dumps(facts, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder())


def last() -> Checkpoint | None:
    """The newest one; raises IntegrityFailure if it cannot be read or was not signed by our key."""
    for path in reversed(_files()):
        lines = _whole_lines(path)
        if lines:
            point = _parse(lines[-1])
            if point is None or not point.is_signed(signing_key()):
                raise IntegrityFailure(f"the newest checkpoint in {path} is damaged or forged")
            return point
    return None


def read_all() -> tuple[dict[int, Checkpoint], list[str]]:
    """All checkpoints by number, and what is wrong with the files."""
    points: dict[int, Checkpoint] = {}
    faults: list[str] = []
    key = signing_key()
    for path in _files():
        for line_number, line in enumerate(_whole_lines(path), 1):
            point, where = _parse(line), f"{path.name} line {line_number}"
            if point is None:
                faults.append(f"checkpoint file {where} cannot be read")
            elif not point.is_signed(key):
                faults.append(f"checkpoint {point.number} ({where}) is not signed by this signing key")
            elif points.setdefault(point.number, point).chain != point.chain:
                faults.append(f"checkpoint {point.number} stands twice and differs ({where})")
    return points, faults


def agree_with(batch: Batch | None) -> None:
    """The newest checkpoint must be of the newest batch, or of the one before it where a sealer was killed in between:
    then the missing one is written. Everything else raises IntegrityFailure."""
    point = last()
    number, chain = (point.number, point.chain) if point else (0, None)
    if batch is None:
        if point is not None:
            raise IntegrityFailure(f"the trail was cut: it has no batch, and checkpoint {number} exists")
        return
    if number == batch.number and chain == batch.chain:
        return
    if number == batch.number - 1 and (point is None or chain == batch.previous) and is_signed(batch, signing_key()):
        write(batch)
        return
    if number > batch.number:
        raise IntegrityFailure(f"the trail was cut: checkpoint {number} lies beyond the last batch, {batch.number}")
    raise IntegrityFailure(f"batch {batch.number} does not fit the newest checkpoint, {number}")


def _files() -> list[Path]:
    return sorted(folder().glob(f"*{SUFFIX}"))


def _newest(*, default: Path, day: str) -> Path:
    """The file to append to: never one that sorts before the newest, even if the clock was set back."""
    files = _files()
    return files[-1] if files and files[-1].stem > day else default


def _whole_lines(path: Path) -> list[bytes]:
    """A line without its end was never finished: the machine stopped while it was written."""
    return [line for line in path.read_bytes().split(b"\n")[:-1] if line]


def _parse(line: bytes) -> Checkpoint | None:
    try:
        facts: Any = json.loads(line)
        return Checkpoint(**facts)
    except (ValueError, TypeError):
        return None


def _drop_torn_line(file: BinaryIO) -> None:
    content = file.read()
    whole = content.rfind(b"\n") + 1
    file.seek(whole)
    file.truncate()
