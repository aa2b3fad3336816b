"""Seal frames: a random data key each, wrapped by the owner's key, bound to kind, publication, owner and name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from extranet.keyring.models import Purpose
from extranet.keyring.ring import KeyHandle, agent_key_version, agent_keys, system_key, system_key_version
from extranet.vault.keys import unwrap_data_key, wrap_data_key
from extranet.vault.packs import HEADER_FRAME
from extranet.vault.sealing import frame_aad, new_key, open_frame, seal_frame

LINES = "lines"
CHANGES = "changes"
UNASSIGNED = "unassigned"
QUARANTINE = "quarantine"
CONTENTS = "contents"
AMENDED = "amended"  # index rows only: the frame in the pack is the unassigned one, and so is its AAD

OF_AGENTS = (LINES, CHANGES)  # frames that open with the key of the agent who owns them
OF_OWNERS = (*OF_AGENTS, UNASSIGNED)  # rows that wait have a key of their license, which can be destroyed alone
_PURPOSES = {
    HEADER_FRAME: Purpose.PUBLICATIONS,
    CONTENTS: Purpose.PUBLICATIONS,
    QUARANTINE: Purpose.QUARANTINE,
}


@dataclass(frozen=True)
class Place:
    """What a frame is bound to."""

    kind: str
    publication: UUID
    owner: UUID
    frame: str

    @property
    def stored(self) -> str:
        """The name of the frame in the pack."""
        return UNASSIGNED if self.frame == AMENDED else self.frame

    @property
    def aad(self) -> bytes:
        return frame_aad(self.kind, self.publication, self.owner, self.stored)


@dataclass(frozen=True)
class SealedFrame:
    """Sealed bytes and the wrapped data key that opens them."""

    sealed: bytes
    wrapped_key: bytes
    key_version: int


@dataclass(frozen=True)
class Rings:
    """The keys of one publication: of the system by name of frame, of owners by id."""

    system: Mapping[str, KeyHandle] = field(repr=False)
    owners: Mapping[UUID, KeyHandle] = field(repr=False)

    def of(self, frame: str, owner: UUID) -> KeyHandle:
        return self.owners[owner] if frame in OF_OWNERS else self.system[frame]


def rings_in_force(owners: Collection[UUID], *, now: datetime) -> Rings:
    """The newest keys; those that are lacking are made."""
    system = {frame: system_key(purpose, now=now) for frame, purpose in _PURPOSES.items()}
    return Rings(system, agent_keys(owners, now=now))


def rings_for_trial(owners: Collection[UUID]) -> Rings:
    """Keys that nobody keeps, for a trial that must leave nothing behind."""
    return Rings(
        {frame: KeyHandle(1, new_key()) for frame in _PURPOSES},
        {owner: KeyHandle(1, new_key()) for owner in owners},
    )


def seal(text: bytes, place: Place, handle: KeyHandle) -> SealedFrame:
    """Compress and seal one frame under a data key of its own."""
    data_key = new_key()
    wrapped = wrap_data_key(handle.key, data_key, place.aad)
    return SealedFrame(seal_frame(text, data_key, place.aad), wrapped, handle.version)


def sealed_elsewhere(sealed: bytes, data_key: bytes, place: Place, handle: KeyHandle) -> SealedFrame:
    """A frame that somebody without our keys sealed for this place; from now on it opens like any other."""
    return SealedFrame(sealed, wrap_data_key(handle.key, data_key, place.aad), handle.version)


def unseal(sealed: bytes, wrapped_key: bytes, place: Place, handle: KeyHandle) -> bytes:
    """The text of one frame; raises Unopenable."""
    return open_frame(sealed, unwrap_data_key(handle.key, wrapped_key, place.aad), place.aad)


def handle_for(frame: str, holder: UUID, key_version: int) -> KeyHandle:
    """The stored key that wraps the data key of such a frame; ``holder`` is who has it (``Frame.holder``).

    Raises KeyMissing, KeyDestroyed.
    """
    if frame in (*OF_OWNERS, AMENDED):
        return agent_key_version(holder, key_version)
    return system_key_version(_PURPOSES[frame], key_version)
