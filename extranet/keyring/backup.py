"""Backups of the table of keys, apart from the database: wrapped keys in a signed file a day.

With such a file, the packs and the master key every book can be read again when the database is lost. A key that was
destroyed must not come back from here: what the database calls destroyed, the files forget as well.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from extranet.keyring.backup_file import BackupDamaged, compose, read_backup
from extranet.keyring.masters import check_known
from extranet.keyring.models import AgentKey, SystemKey
from extranet.keyring.ring import open_row, signing_key
from extranet.vault.durable import alone_in, replace_durably, sync_folder

NAME = re.compile(r"keys-(\d{4}-\d{2}-\d{2})(-\d{6})?\.jsonl")
BATCH = 500  # rows a query
Row = TypeVar("Row", AgentKey, SystemKey)


class RestoreRefused(Exception):
    """The backup contradicts the database; nothing was put back."""


class NoBackupFolder(Exception):
    """The folder of the backups cannot be written: the message says which."""


@dataclass(frozen=True)
class Restored:
    """How many rows were lacking and are back, and how many of those are known as destroyed only."""

    agents: int
    systems: int
    destroyed: int


def write_backup(*, folder: Path, now: datetime) -> Path:
    """Write today's backup, in the place of an earlier one of the day; where it is. Raises NoBackupFolder.

    One that holds keys which the database lacks stays: on the day on which a database is lost, it is all there is.
    """
    with _alone(folder):
        file = folder / f"keys-{now.astimezone(UTC):%Y-%m-%d}.jsonl"
        if _holds_what_is_lost(file):
            file = file.with_name(f"keys-{now.astimezone(UTC):%Y-%m-%d-%H%M%S}.jsonl")
        replace_durably(file, compose(_all_rows(), made_at=now.isoformat(), key=signing_key()))
        _forget_destroyed(folder)  # what was destroyed while the rows were read
    return file


def forget_destroyed(*, folder: Path) -> list[str]:
    """Take out of every backup what the database calls destroyed; sentences for files where that was not possible."""
    if not folder.is_dir():
        return []
    with _alone(folder):
        return _forget_destroyed(folder)


def remove_old(*, folder: Path, now: datetime, kept: timedelta) -> int:
    """Remove backups that are older than ``kept``, and what a killed process left; how many backups it were."""
    first = (now - kept).astimezone(UTC).date().isoformat()
    with _alone(folder):
        old = [file for file in _files(folder) if file.name[5:15] < first]
        for file in [*old, *folder.glob(".keys-*.part")]:
            file.unlink(missing_ok=True)
        sync_folder(folder)
    return len(old)


def masters_in_backups(folder: Path) -> dict[Path, set[str]]:
    """Which master keys each backup needs; a damaged one needs none, because it restores nothing."""
    found = {}
    for file in _files(folder):
        try:
            found[file] = read_backup(file, public=signing_key().public_bytes).masters
        except BackupDamaged:
            found[file] = set()
    return found


def restore(*, file: Path, record: Callable[[Restored], object]) -> Restored:
    """Put back the rows that the database lacks, never one that it or a backup at hand knows as destroyed. Repeatable.

    ``record`` is called in the same transaction. Raises BackupDamaged, RestoreRefused, WrongMaster; nothing is
    changed then.
    """
    backup = read_backup(file, public=signing_key().public_bytes)
    check_known(backup.masters)
    gone = _destroyed_in_backups(settings.EXTRANET.key_backups)
    rows = [gone[row.agent_id, row.version] if _must_go(row, gone) else row for row in backup.agents]
    with transaction.atomic():
        agents, systems = _put_back(AgentKey, rows), _put_back(SystemKey, backup.systems)
        destroyed = sum(row.destroyed_at is not None for row in agents)
        done = Restored(len(agents) - destroyed, len(systems), destroyed)
        record(done)
    return done


def _put_back(model: type[Row], rows: Sequence[Row]) -> list[Row]:
    """The rows that were lacking. One that is there and is another key stops everything: it sealed what the other
    cannot open."""
    lacking: list[Row] = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        there = {row.place: row for row in _namesakes(model, batch)}
        for row in batch:
            if row.place not in there:
                lacking.append(row)
            elif not _same_key(row, there[row.place]):
                raise RestoreRefused(
                    f"{row} of the backup is another key than that of the database: restore into a database in which "
                    "nothing was published since"
                )
    model._default_manager.bulk_create(lacking, batch_size=BATCH)
    return lacking


def _namesakes(model: type[Row], batch: Sequence[Row]) -> Iterator[Row]:
    if model is AgentKey:
        yield from model._default_manager.filter(agent_id__in=[row.agent_id for row in batch])
    else:
        yield from model._default_manager.all()


def _same_key(row: AgentKey | SystemKey, there: AgentKey | SystemKey) -> bool:
    if getattr(there, "destroyed_at", None) or getattr(row, "destroyed_at", None):
        return True  # nothing is put back, and nothing destroyed from here
    return bytes(row.wrapped) == bytes(there.wrapped) or open_row(row).key == open_row(there).key


def _forget_destroyed(folder: Path) -> list[str]:
    key, faults = signing_key(), []
    gone = {(row.agent_id, row.version): row for row in AgentKey.objects.filter(destroyed_at__isnull=False)}
    for file in _files(folder):
        try:
            backup = read_backup(file, public=key.public_bytes)
        except BackupDamaged as error:
            faults.append(f"{error}; it may hold keys that were destroyed: remove it")
            continue
        if any(_must_go(row, gone) for row in backup.agents):
            rows = [gone[row.agent_id, row.version] if _must_go(row, gone) else row for row in backup.agents]
            replace_durably(file, compose([*backup.systems, *rows], made_at=backup.made_at, key=key))
    return faults


def _holds_what_is_lost(file: Path) -> bool:
    if not file.exists():
        return False
    try:
        backup = read_backup(file, public=signing_key().public_bytes)
    except BackupDamaged:
        return False  # restores nothing
    there = {row.place for row in _all_rows()}
    return not {*(row.place for row in backup.systems), *(row.place for row in backup.agents)} <= there


def _destroyed_in_backups(folder: Path) -> dict[tuple[UUID, int], AgentKey]:
    """What the database knew to be destroyed before it was lost: a copy from elsewhere may be older than that."""
    gone: dict[tuple[UUID, int], AgentKey] = {}
    for file in _files(folder):
        with suppress(BackupDamaged):
            agents = read_backup(file, public=signing_key().public_bytes).agents
            gone |= {(row.agent_id, row.version): row for row in agents if row.destroyed_at is not None}
    return gone


def _must_go(row: AgentKey, gone: dict[tuple[UUID, int], AgentKey]) -> bool:
    return row.destroyed_at is None and (row.agent_id, row.version) in gone


def _all_rows() -> Iterator[AgentKey | SystemKey]:
    yield from SystemKey.objects.order_by("id")
    yield from AgentKey.objects.order_by("id").iterator(chunk_size=5_000)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("keys-*.jsonl") if NAME.fullmatch(file.name))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone_in(folder, wait=True):
            yield
    except OSError as error:
        raise NoBackupFolder(f"backups of keys cannot be written into {folder} ({error.strerror})") from None
