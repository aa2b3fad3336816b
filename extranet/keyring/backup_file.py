"""One backup of the table of keys as a file: a JSON line a key, wrapped as in the table, and a signature at the end.

The first line tells format and moment, the last one signs the SHA-256 of all lines before it. A destroyed key has a
line without bytes: its number must not be given to another key.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from extranet.keyring.models import AgentKey, Purpose, SystemKey
from extranet.vault.keys import SigningKey, verify

FORMAT = "agent-extranet keys 1"
CONTEXT = b"agent-extranet key backup 1\0"
LARGEST = 1024 * 1024 * 1024  # bytes; a million keys have a quarter of it


class BackupDamaged(Exception):
    """The file is not what this installation signed; the message names it."""


@dataclass(frozen=True)
class Backup:
    """What a file holds: rows that are in no database yet."""

    made_at: str
    agents: list[AgentKey]
    systems: list[SystemKey]

    @property
    def masters(self) -> set[str]:
        """The master keys that wrapped what can be opened."""
        living = [row.master_id for row in self.agents if row.destroyed_at is None]
        return {*living, *(row.master_id for row in self.systems)}


def compose(rows: Iterable[AgentKey | SystemKey], *, made_at: str, key: SigningKey) -> Iterator[bytes]:
    """The lines of a backup, one after the other."""
    digest = hashlib.sha256()
    for facts in _bodies(rows, made_at):
        line = _line(facts)
        digest.update(line)
        yield line
    yield _line({"signature": base64.b64encode(key.sign(CONTEXT + digest.digest())).decode()})


def read_backup(file: Path, *, public: bytes) -> Backup:
    """What the file holds; raises BackupDamaged where not every byte of it was signed with our key."""
    try:
        if file.stat().st_size > LARGEST:
            raise BackupDamaged(f"{file} is larger than any backup of keys")
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise BackupDamaged(f"{file} cannot be read ({error.strerror})") from None
    try:
        if not _is_signed(lines, public):
            raise BackupDamaged(f"{file} was cut, changed, or signed by another installation: take another backup")
        head = json.loads(lines[0])
        if head["format"] != FORMAT:
            raise BackupDamaged(f"{file} is of another format: it needs the version that wrote it")
        rows = [_row(json.loads(line)) for line in lines[1:-1]]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BackupDamaged(f"{file} is no backup of keys ({type(error).__name__})") from None
    agents = [row for row in rows if isinstance(row, AgentKey)]
    return Backup(head["made_at"], agents, [row for row in rows if isinstance(row, SystemKey)])


def _bodies(rows: Iterable[AgentKey | SystemKey], made_at: str) -> Iterator[dict[str, object]]:
    yield {"format": FORMAT, "made_at": made_at}
    yield from map(_facts, rows)


def _facts(row: AgentKey | SystemKey) -> dict[str, object]:
    facts: dict[str, object] = {"version": row.version, "master": row.master_id, "created": row.created_at.isoformat()}
    if isinstance(row, SystemKey):
        return {"purpose": row.purpose, **facts, "wrapped": base64.b64encode(row.wrapped).decode()}
    if row.destroyed_at is not None:
        return {"agent": str(row.agent_id), **facts, "destroyed": row.destroyed_at.isoformat()}
    return {"agent": str(row.agent_id), **facts, "wrapped": base64.b64encode(row.wrapped).decode()}


def _row(facts: dict[str, Any]) -> AgentKey | SystemKey:
    destroyed = datetime.fromisoformat(facts["destroyed"]) if "destroyed" in facts else None
    common = {
        "version": int(facts["version"]),
        "master_id": str(facts["master"]),
        "created_at": datetime.fromisoformat(facts["created"]),
        "wrapped": b"" if destroyed else base64.b64decode(facts["wrapped"], validate=True),
    }
    if "purpose" in facts:
        return SystemKey(purpose=Purpose(facts["purpose"]).value, **common)
    return AgentKey(agent_id=UUID(facts["agent"]), destroyed_at=destroyed, **common)


def _is_signed(lines: list[bytes], public: bytes) -> bool:
    signature = base64.b64decode(json.loads(lines[-1])["signature"], validate=True)
    return verify(public, signature, CONTEXT + hashlib.sha256(b"".join(lines[:-1])).digest())


def _line(facts: dict[str, object]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"
