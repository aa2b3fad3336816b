"""The keys in use: made when first asked for, wrapped by the master key, opened for one act at a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from extranet.keyring.masters import WrongMaster, changed_at, check_known, load_all_others, master, master_named, wrong
from extranet.keyring.models import VERSION_BYTES, AgentKey, Purpose, SystemKey, agent_place, system_place
from extranet.vault.keys import SigningKey, load_signing
from extranet.vault.sealing import Unopenable, new_key, open_bytes, prefixed, seal_bytes

BATCH = 5_000  # agents a query: below the number of parameters that any database takes


class KeyMissing(Exception):
    """No such key was ever made: what it should open is not ours, or the table of keys is older than it."""


class KeyDestroyed(KeyMissing):
    """The key was destroyed on purpose: what it sealed is gone for good."""


@dataclass(frozen=True, slots=True)
class KeyHandle:
    """An opened key and its version, which is stored beside what it seals."""

    version: int
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class KeyCount:
    """How many keys of one holder (``agents``, or a purpose) one master key wraps."""

    holder: str
    master_id: str
    live: int
    destroyed: int


def signing_key() -> SigningKey:
    """The configured signing key; raises KeyRefused."""
    file = settings.EXTRANET.key_file("signing")
    return _cached_signing(settings.EXTRANET.signing_key, file, changed_at(file))


def agent_key(agent_id: UUID, *, now: datetime) -> KeyHandle:
    """The newest living key of the agent, made if there is none."""
    return agent_keys([agent_id], now=now)[agent_id]


def agent_keys(agent_ids: Collection[UUID], *, now: datetime) -> dict[UUID, KeyHandle]:
    """The newest living key of each agent, made where there is none: a few queries for all of them."""
    found: dict[UUID, KeyHandle] = {}
    rest = iter(sorted(set(agent_ids)))  # sorted, so that two runs at once wait for each other in one order
    while batch := list(islice(rest, BATCH)):
        found |= _keys_of_batch(batch, now=now)
    return found


def agent_key_version(agent_id: UUID, version: int) -> KeyHandle:
    """That key of that agent; raises KeyMissing, KeyDestroyed or WrongMaster."""
    row = AgentKey.objects.filter(agent_id=agent_id, version=version).first()
    if row is None:
        raise KeyMissing(f"agent {agent_id} has no key {version}")
    return _open_agents(row)


def shred_agent(agent_id: UUID, *, now: datetime) -> int:
    """Destroy all keys of the agent, and with them all books sealed under them; how many were living.

    Backups of the table still hold them until they are too old to be kept.
    """
    living = AgentKey.objects.filter(agent_id=agent_id, destroyed_at__isnull=True)
    return living.update(wrapped=b"", destroyed_at=now)


def system_key(purpose: str, *, now: datetime) -> KeyHandle:
    """The newest key of the purpose, made if there is none."""
    purpose = Purpose(purpose).value
    row = _newest_system_row(purpose)
    if row is None:
        holder = master()
        wrapped = holder.wrap(new_key(), system_place(purpose, 1))
        made = SystemKey(purpose=purpose, version=1, wrapped=wrapped, master_id=holder.id, created_at=now)
        SystemKey.objects.bulk_create([made], ignore_conflicts=True)  # whoever was first, wins
        row = _newest_system_row(purpose)
    if row is None:
        raise KeyMissing(f"the key for {purpose} was made and is not there")
    return open_row(row)


def system_key_version(purpose: str, version: int) -> KeyHandle:
    """That key of that purpose; raises KeyMissing or WrongMaster."""
    row = SystemKey.objects.filter(purpose=purpose, version=version).first()
    if row is None:
        raise KeyMissing(f"there is no key {version} for {purpose}")
    return open_row(row)


def seal_text(purpose: str, text: str, aad: str, *, now: datetime) -> bytes:
    """Seal a text for a column. ``aad`` names its place, such as table and row, and is needed to open it again."""
    handle = system_key(purpose, now=now)
    version = handle.version.to_bytes(VERSION_BYTES, "big")
    return version + seal_bytes(text.encode(), handle.key, _text_aad(purpose, aad))


def open_text(purpose: str, sealed: bytes, aad: str) -> str:
    """What ``seal_text`` sealed for that purpose and place; raises Unopenable."""
    return Opener(purpose).open(sealed, aad)


class Opener:
    """Opens many texts of one act: each version of the key is looked up once. Drop it when the act is over."""

    def __init__(self, purpose: str) -> None:
        self._purpose = purpose
        self._handles: dict[int, KeyHandle] = {}

    def open(self, sealed: bytes | memoryview, aad: str) -> str:
        """Like ``open_text``; raises Unopenable."""
        blob = bytes(sealed)  # some databases give a memoryview
        handle = self._handle(int.from_bytes(blob[:VERSION_BYTES], "big"))
        return open_bytes(blob[VERSION_BYTES:], handle.key, _text_aad(self._purpose, aad)).decode()

    def _handle(self, version: int) -> KeyHandle:
        if version not in self._handles:
            try:
                self._handles[version] = system_key_version(self._purpose, version)
            except KeyMissing as error:
                raise Unopenable(str(error)) from error
        return self._handles[version]


def key_status() -> list[KeyCount]:
    """What the table holds, for ``keys status``: no key, only numbers."""
    destroyed = Count("id", filter=Q(destroyed_at__isnull=False))
    agents = AgentKey.objects.values_list("master_id").annotate(live=Count("id") - destroyed, destroyed=destroyed)
    systems = SystemKey.objects.values_list("purpose", "master_id").annotate(live=Count("id"))
    return [
        *(KeyCount("agents", master_id, live, gone) for master_id, live, gone in agents.order_by("master_id")),
        *(
            KeyCount(purpose, master_id, live, 0)
            for purpose, master_id, live in systems.order_by("purpose", "master_id")
        ),
    ]


def check_master() -> None:
    """Raise WrongMaster if the stored keys do not open with the master keys that are known; fine if there are none.

    Opens every system key and one agent key of each master; of all others the id of their master key is compared.
    """
    check_known(count.master_id for count in key_status() if count.live)
    load_all_others()
    for row in SystemKey.objects.all():
        open_row(row)
    living = AgentKey.objects.filter(destroyed_at__isnull=True).order_by("id")
    for master_id in living.order_by().values_list("master_id", flat=True).distinct():
        sample = living.filter(master_id=master_id).last()
        if sample is not None:
            _open_agents(sample)


def open_row(row: AgentKey | SystemKey) -> KeyHandle:
    """The key of a row that was not destroyed; raises WrongMaster."""
    holder = master_named(row.master_id)
    if holder is None:
        raise WrongMaster(wrong(row.master_id))
    try:
        return KeyHandle(row.version, holder.unwrap(bytes(row.wrapped), row.place))
    except Unopenable:
        raise WrongMaster(f"{row} is damaged: it does not open with the master key that wrapped it") from None


def _keys_of_batch(agent_ids: list[UUID], *, now: datetime) -> dict[UUID, KeyHandle]:
    last = _last_rows(agent_ids)
    lacking = {agent_id: _next_version(last.get(agent_id)) for agent_id in agent_ids if not _lives(last.get(agent_id))}
    if lacking:
        _make_agent_keys(lacking, now=now)
        last |= _last_rows(list(lacking))
    return {agent_id: _open_agents(last[agent_id]) for agent_id in agent_ids}


def _last_rows(agent_ids: list[UUID]) -> dict[UUID, AgentKey]:
    """The row of the highest version of each agent, living or destroyed.

    One query tells both whether a key lives and which version comes next: read one after the other, a key made in
    between would be followed by a second one.
    """
    return {row.agent_id: row for row in AgentKey.objects.filter(agent_id__in=agent_ids).order_by("version")}


def _lives(row: AgentKey | None) -> bool:
    return row is not None and row.destroyed_at is None


def _next_version(row: AgentKey | None) -> int:
    return 1 if row is None else row.version + 1


def _make_agent_keys(versions: Mapping[UUID, int], *, now: datetime) -> None:
    """That version for each agent; where another process is faster its key stays and ours is forgotten."""
    holder, rows = master(), []
    for agent_id, version in versions.items():
        wrapped = holder.wrap(new_key(), agent_place(agent_id, version))
        rows.append(AgentKey(agent_id=agent_id, version=version, wrapped=wrapped, master_id=holder.id, created_at=now))
    with transaction.atomic():
        AgentKey.objects.bulk_create(rows, ignore_conflicts=True)


def _open_agents(row: AgentKey) -> KeyHandle:
    if row.destroyed_at is not None:
        raise KeyDestroyed(f"{row} was destroyed at {row.destroyed_at:%Y-%m-%d %H:%M} UTC")
    return open_row(row)


def _newest_system_row(purpose: str) -> SystemKey | None:
    return SystemKey.objects.filter(purpose=purpose).order_by("version").last()


def _text_aad(purpose: str, aad: str) -> bytes:
    return b"agent-extranet text 1\0" + prefixed(purpose) + prefixed(aad)


@lru_cache(maxsize=4)
def _cached_signing(value: str, file: Path, _changed: object) -> SigningKey:
    return load_signing(value, file)
