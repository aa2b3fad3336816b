"""Packs: one append-only object a publication, with an index at its end. Format in docs/reference/pack-format.md.

The digests here find damage. That a pack is the one that was released is proved elsewhere, by the signed manifest.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from extranet.vault.keys import WRAPPED_BYTES

FORMAT: Final = 1
HEADER_FRAME: Final = "header"  # first frame of every pack; its owner is the publication itself

_START: Final = struct.Struct(">8sHH")  # magic, format, nothing
_RECORD: Final = struct.Struct(f">16sHIQQQ{WRAPPED_BYTES}s32s")
_END: Final = struct.Struct(">QQ32s8s")  # offset and length of the trailer, its SHA-256, magic
_START_MAGIC: Final = b"AGXTPACK"
_END_MAGIC: Final = b"AGXTDONE"


class PackDamaged(Exception):
    """The pack is cut, altered or extended; the message names what does not fit."""


class Readable(Protocol):
    """What reading needs; ``stores.Reader`` is one."""

    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes: ...


class Writable(Protocol):
    """What writing needs: bytes are only ever appended."""

    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """Where one sealed frame lies, whose it is, and its wrapped data key."""

    owner: UUID
    frame: str
    offset: int
    length: int
    rows: int
    key_version: int  # version of the owner's key that wraps the data key
    wrapped_key: bytes
    sha256: bytes


@dataclass(frozen=True)
class PackSummary:
    """The finished pack: SHA-256 in hex of all its bytes, their number, and the number of frames."""

    sha256: str
    length: int
    frames: int


@dataclass(frozen=True)
class PackTrailer:
    """The index of a pack. ``kind`` and ``publication`` are what ``frame_aad`` needs."""

    kind: str
    publication: UUID
    meta: Mapping[str, str]
    entries: tuple[FrameEntry, ...]

    def entry(self, owner: UUID, frame: str) -> FrameEntry | None:
        """The one frame of that owner and name, if there is one. Walks the index: for many, make a dict of it."""
        return next((entry for entry in self.entries if (entry.owner, entry.frame) == (owner, frame)), None)

    @property
    def header(self) -> FrameEntry:
        return self.entries[0]


class PackWriter:
    """Writes one pack into an empty file object. The first frame is the header (schema), owned by the publication.

    The index is kept as the bytes that the trailer will have: an entry of 139 bytes, however many frames there are.
    """

    def __init__(self, file: Writable, *, kind: str, publication: UUID) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._length = 0
        self._kind = kind
        self._publication = publication
        self._names: dict[str, int] = {}
        self._records = bytearray()
        self._seen: set[bytes] = set()
        self._write(_START.pack(_START_MAGIC, FORMAT, 0))

    def add(
        self, owner: UUID, frame: str, *, rows: int, sealed: bytes, wrapped_key: bytes, key_version: int
    ) -> FrameEntry:
        """Append one sealed frame. Each owner has at most one frame of a name; ValueError otherwise."""
        if not self._seen and (owner, frame) != (self._publication, HEADER_FRAME):
            raise ValueError("the first frame of a pack is its header, owned by the publication")
        name = self._names.setdefault(frame, len(self._names))
        key = owner.bytes + name.to_bytes(2, "big")
        if key in self._seen:
            raise ValueError(f"frame {frame!r} of {owner} is in the pack already")
        if len(wrapped_key) != WRAPPED_BYTES:
            raise ValueError(f"a wrapped key has {WRAPPED_BYTES} bytes, not {len(wrapped_key)}")
        sha256 = hashlib.sha256(sealed).digest()
        entry = FrameEntry(owner, frame, self._length, len(sealed), rows, key_version, wrapped_key, sha256)
        self._write(sealed)
        self._seen.add(key)
        self._records += _record(entry, name)
        return entry

    def entries(self) -> Iterator[FrameEntry]:
        """The index so far, in the order of the frames."""
        return _entries(bytes(self._records), list(self._names))

    def finish(self, meta: Mapping[str, str]) -> PackSummary:
        """Append trailer and footer. ``meta`` is readable without any key: nothing personal goes into it."""
        if not self._seen:
            raise ValueError("a pack has at least its header")
        offset = self._length
        trailer = _heading(self._kind, self._publication, meta, list(self._names)) + bytes(self._records)
        self._write(trailer)
        self._write(_END.pack(offset, len(trailer), hashlib.sha256(trailer).digest(), _END_MAGIC))
        return PackSummary(self._hash.hexdigest(), self._length, len(self._seen))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self._length += len(data)


def read_trailer(reader: Readable) -> PackTrailer:
    """The index, checked: its digest, and that header, frames, trailer and footer fill the object without a gap."""
    size = reader.size()
    if size < _START.size + _END.size:
        raise PackDamaged(f"the pack has {size} bytes: too short to be one")
    _check_start(reader)
    offset, length, sha256, magic = _END.unpack(_exactly(reader, size - _END.size, _END.size, "footer"))
    if magic != _END_MAGIC:
        raise PackDamaged("the footer is not one: the pack was cut or extended")
    if offset + length + _END.size != size:
        raise PackDamaged("the footer does not fit the size of the pack: it was cut or extended")
    trailer = _exactly(reader, offset, length, "trailer")
    if hashlib.sha256(trailer).digest() != sha256:
        raise PackDamaged("the trailer was altered")
    return _parsed(trailer, offset)


def read_frame(reader: Readable, entry: FrameEntry) -> bytes:
    """The sealed bytes of one frame; raises PackDamaged if they are not those that were written."""
    sealed = _exactly(reader, entry.offset, entry.length, _name(entry))
    if hashlib.sha256(sealed).digest() != entry.sha256:
        raise PackDamaged(f"{_name(entry)} was altered")
    return sealed


def check_frames(reader: Readable, trailer: PackTrailer) -> int:
    """Read every frame; the number of frames read. Raises PackDamaged at the first that does not fit."""
    for entry in trailer.entries:
        read_frame(reader, entry)
    return len(trailer.entries)


def _name(entry: FrameEntry) -> str:
    return f"frame {entry.frame!r} of {entry.owner} at {entry.offset}"


def _check_start(reader: Readable) -> None:
    magic, version, nothing = _START.unpack(_exactly(reader, 0, _START.size, "start"))
    if magic != _START_MAGIC or nothing:
        raise PackDamaged("the start is not that of a pack")
    if version != FORMAT:
        raise PackDamaged(f"the pack has format {version}; this program reads format {FORMAT}")


def _exactly(reader: Readable, offset: int, length: int, what: str) -> bytes:
    data = reader.read(offset, length)
    if len(data) != length:
        raise PackDamaged(f"{what}: {len(data)} of {length} bytes are there")
    return data


def _heading(kind: str, publication: UUID, meta: Mapping[str, str], names: list[str]) -> bytes:
    head = {"kind": kind, "publication": str(publication), "frames": names, "meta": dict(meta)}
    raw = json.dumps(head, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return len(raw).to_bytes(4, "big") + raw


def _record(entry: FrameEntry, name: int) -> bytes:
    return _RECORD.pack(
        entry.owner.bytes,
        name,
        entry.key_version,
        entry.offset,
        entry.length,
        entry.rows,
        entry.wrapped_key,
        entry.sha256,
    )


def _parsed(trailer: bytes, trailer_offset: int) -> PackTrailer:
    """From here the digest has been found right: what does not fit now was written wrong, or with intent."""
    try:
        start = 4 + int.from_bytes(trailer[:4], "big")
        head = json.loads(trailer[4:start])
        kind, publication = str(head["kind"]), UUID(head["publication"])
        meta, names = dict(head["meta"]), list(head["frames"])
        entries = tuple(_entries(trailer[start:], names))
    except (ValueError, KeyError, TypeError, IndexError, struct.error) as error:
        raise PackDamaged(f"the trailer cannot be read ({type(error).__name__})") from error
    _check_places(entries, publication, trailer_offset)
    return PackTrailer(kind, publication, meta, entries)


def _entries(records: bytes, names: list[str]) -> Iterator[FrameEntry]:
    for owner, name, key_version, offset, length, rows, wrapped, sha256 in _RECORD.iter_unpack(records):
        yield FrameEntry(UUID(bytes=owner), names[name], offset, length, rows, key_version, wrapped, sha256)


def _check_places(entries: tuple[FrameEntry, ...], publication: UUID, trailer_offset: int) -> None:
    if not entries or (entries[0].owner, entries[0].frame) != (publication, HEADER_FRAME):
        raise PackDamaged("the pack does not begin with its header")
    if len({(entry.owner, entry.frame) for entry in entries}) != len(entries):
        raise PackDamaged("an owner has two frames of one name")
    end = _START.size
    for entry in entries:
        if entry.offset != end:
            raise PackDamaged(f"{_name(entry)} should begin at {end}")
        end += entry.length
    if end != trailer_offset:
        raise PackDamaged(f"the frames end at {end} and the trailer begins at {trailer_offset}")
