"""Another master key: every stored key is opened with the one that wrapped it and wrapped again by the new one.

Packs never change, and neither do the keys themselves, so readers and publications go on. What a process still wrapped
with the earlier key in between opens as well, and the next rotation takes it along.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from extranet.env import Env
from extranet.keyring.backup import masters_in_backups, write_backup
from extranet.keyring.masters import WrongMaster, check_known, master
from extranet.keyring.models import AgentKey, SystemKey
from extranet.keyring.ring import key_status, open_row
from extranet.vault.durable import alone_in
from extranet.vault.keys import Master
from extranet.vault.master import names_a_token
from extranet.vault.master_file import exchange, finish, is_unfinished, remove_earlier

BATCH = 500  # rows a transaction: writers of the same table wait no longer than that


class RetireRefused(Exception):
    """The master key is still needed: the message says by what."""


@dataclass(frozen=True)
class Batch:
    """What one transaction wrapped anew, and by which master keys it was wrapped before."""

    kind: str
    rewrapped: int
    earlier: Mapping[str, int]
    master: str


@dataclass
class Rotated:
    """What a rotation did. ``damaged`` names rows that no master key opens; they stay as they are."""

    master: str
    made: bool
    agents: int = 0
    systems: int = 0
    damaged: list[str] = field(default_factory=list)


def rotate(*, now: datetime, record: Callable[[Batch], object]) -> Rotated:
    """Wrap every stored key by the new master key. Killed at any moment and repeated: finishes.

    Where the key in use comes from a file, a new one is made, unless a rotation is unfinished or keys still hang on
    another master key: then only that is finished. Where it comes from the environment or a token, the operator has
    put the new one there and the old one into EXTRANET_OTHER_MASTER_KEYS. ``record`` is called in each transaction.
    Raises KeyRefused, WrongMaster, FolderBusy; nothing is changed then.
    """
    env: Env = settings.EXTRANET
    file = env.key_file("master")
    check_known(count.master_id for count in key_status() if count.live)
    if env.master_key or names_a_token(env.master_key, file):
        return _rewrap_all(master(), Rotated(master().id, made=False), record)
    with alone_in(file.parent, wait=False):
        made = is_unfinished(file) or not _hang_elsewhere()
        if made:
            write_backup(folder=env.key_backups, now=now)
            exchange(file)
        done = _rewrap_all(master(), Rotated(master().id, made=made), record)
        finish(file)
    return done


def retire(*, master_id: str, record: Callable[[], object]) -> str:
    """Remove the file of an earlier master key for good; which one it was.

    Raises RetireRefused while a stored key or a backup of keys needs it, and KeyRefused if there is no such file.
    """
    env: Env = settings.EXTRANET
    if master_id == master().id:
        raise RetireRefused(f"{master_id} is the master key in use: `extranet keys rotate` makes another one")
    hanging = sum(count.live for count in key_status() if count.master_id == master_id)
    if hanging:
        raise RetireRefused(f"{hanging} keys are wrapped by {master_id}: run `extranet keys rotate` first")
    needing = [file.name for file, masters in masters_in_backups(env.key_backups).items() if master_id in masters]
    if needing:
        raise RetireRefused(
            f"backups of keys need {master_id}: {', '.join(needing)}; they go when they are too old, or remove them"
        )
    with transaction.atomic():
        record()
    return str(remove_earlier(env.key_file("master"), master_id))


def _hang_elsewhere() -> bool:
    return any(count.live and count.master_id != master().id for count in key_status())


def _rewrap_all(holder: Master, done: Rotated, record: Callable[[Batch], object]) -> Rotated:
    """Again and again until nothing is left: meanwhile another process may have made a key with the earlier master."""
    living = AgentKey.objects.filter(destroyed_at__isnull=True)
    agents = _Pass("agents", living, holder, record, done)
    systems = _Pass("systems", SystemKey.objects.all(), holder, record, done)
    while any(moved := (agents.run(), systems.run())):
        done.agents, done.systems = done.agents + moved[0], done.systems + moved[1]
    return done


@dataclass
class _Pass:
    """One way through a table."""

    kind: str
    rows: "QuerySet[AgentKey] | QuerySet[SystemKey]"
    holder: Master
    record: Callable[[Batch], object]
    done: Rotated

    def run(self) -> int:
        """How many rows were wrapped anew."""
        last, moved = 0, 0
        while True:
            with transaction.atomic():
                batch: list[AgentKey | SystemKey] = list(self._left().filter(id__gt=last)[:BATCH])
                earlier = Counter(row.master_id for row in batch if self._rewrap(row))
                if earlier:
                    total = earlier.total()
                    self.record(Batch(self.kind, total, dict(earlier), self.holder.id))
                    moved += total
            if not batch:
                return moved
            last = batch[-1].pk

    def _left(self) -> "QuerySet[Any]":
        return self.rows.exclude(master_id=self.holder.id).order_by("id")

    def _rewrap(self, row: AgentKey | SystemKey) -> bool:
        """Only where it is still wrapped as it was read: a key that was destroyed meanwhile stays destroyed."""
        try:
            wrapped = self.holder.wrap(open_row(row).key, row.place)
        except WrongMaster as error:
            if str(error) not in self.done.damaged:
                self.done.damaged.append(str(error))
            return False
        same = self.rows.filter(pk=row.pk, master_id=row.master_id)
        return same.update(wrapped=wrapped, master_id=self.holder.id) == 1
