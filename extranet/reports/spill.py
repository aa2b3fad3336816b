"""Where rows wait between the two passes: by group of owners, sealed under a key that only this process has.

The file has no name from the moment it is made, so nothing of it stays when the process ends, however it ends. What is
small stays in memory. The plaintext never lies on a disk.
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from extranet.reports.cut import Lines
from extranet.reports.identity import Digests
from extranet.reports.owner import Codes
from extranet.reports.sources.chunk import Places
from extranet.vault.sealing import new_key, open_bytes, seal_bytes

GROUP_BYTES = 24 * 1024 * 1024  # text of a group, which is gathered in memory
MOST_GROUPS = 512
IN_MEMORY = 32 * 1024 * 1024  # an input up to this size is not written to a disk at all

_KINDS: tuple[npt.DTypeLike, ...] = (np.uint32, np.int64, np.uint64, np.uint32, np.uint32)  # as in a Segment


@dataclass(frozen=True)
class Segment:
    """Rows of one group, sorted by owner within each chunk; ``ordinal`` counts the rows of the file."""

    code: Codes
    ordinal: Places
    case: Digests
    stable_bytes: Places
    volatile_bytes: Places
    stable: memoryview = field(repr=False)
    volatile: memoryview = field(repr=False)


class Spill:
    """Written in pass 1, read group by group in pass 2. ``folder`` is where a large one lies; close it at the end."""

    def __init__(self, folder: Path, *, expected_bytes: int) -> None:
        self.groups = min(MOST_GROUPS, max(1, -(-expected_bytes // GROUP_BYTES)))
        self._file = _nameless(folder) if expected_bytes > IN_MEMORY else None
        self._blobs: list[bytes] = []
        self._folder, self._held = folder, 0
        self._key, self._size = new_key(), 0
        self._segments: dict[int, list[tuple[int, int, int, int, int]]] = defaultdict(list)
        self._columns: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def add_rows(self, codes: Codes, ordinals: Places, cases: Digests, lines: Lines) -> None:
        """Rows of one chunk, ordered by ``order_of``."""
        groups = codes % self.groups
        edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(codes)]
        for first, last in pairwise(edges):
            if first == last:
                continue
            stable, volatile = _block(lines.stable, first, last), _block(lines.volatile, first, last)
            arrays: list[npt.NDArray[Any]] = [codes[first:last], ordinals[first:last], cases[first:last]]
            lengths = lines.stable_bytes[first:last], lines.volatile_bytes[first:last]
            arrays += [length.astype(np.uint32) for length in lengths]
            blob = b"".join([*(array.tobytes() for array in arrays), stable, volatile])
            place, length = self._put(blob)
            segment = (place, length, last - first, len(stable), len(volatile))
            self._segments[int(groups[first])].append(segment)

    def order_of(self, codes: Codes) -> Places:
        """The order in which rows must be added: by group, within it by owner, within an owner as they came."""
        return np.argsort((codes % self.groups).astype(np.uint64) << np.uint64(32) | codes, kind="stable")

    def read_group(self, group: int) -> Segment:
        """All its rows, those of each chunk behind those of the chunk before."""
        parts = [self._parts(*place) for place in self._segments[group]]
        code, ordinal, case, first, second = (
            np.concatenate([part.arrays[number] for part in parts] or [np.empty(0, kind)])
            for number, kind in enumerate(_KINDS)
        )
        return Segment(
            code,
            ordinal,
            case,
            first.astype(np.int64),
            second.astype(np.int64),
            memoryview(b"".join([part.stable for part in parts])),
            memoryview(b"".join([part.volatile for part in parts])),
        )

    def add_column(self, name: str, values: npt.NDArray[Any]) -> None:
        """Numbers of a chunk that are needed between the passes only: one a row."""
        self._columns[name].append(self._put(values.tobytes()))

    def read_column(self, name: str, kind: npt.DTypeLike) -> npt.NDArray[Any]:
        """All chunks of it behind each other."""
        parts = [np.frombuffer(self._get(*place), kind) for place in self._columns[name]]
        return np.concatenate(parts) if parts else np.empty(0, kind)

    def add_text(self, name: str, text: bytes) -> None:
        """Text of faulty rows, a piece a chunk."""
        self._columns[name].append(self._put(text))

    def read_texts(self, name: str) -> Iterator[bytes]:
        return (self._get(*place) for place in self._columns[name])

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._blobs = []

    def _put(self, plain: bytes) -> tuple[int, int]:
        """Place and length of the sealed bytes; places below zero are in memory."""
        sealed = seal_bytes(plain, self._key, b"spill")
        if self._file is None and self._held + len(sealed) > IN_MEMORY:  # it unpacks to more than it looked like
            self._file = _nameless(self._folder)
        if self._file is None:
            self._held += len(sealed)
            self._blobs.append(sealed)
            return -len(self._blobs), len(sealed)
        place = self._size
        self._file.write(sealed)
        self._size += len(sealed)
        return place, len(sealed)

    def _get(self, place: int, length: int) -> bytes:
        if place < 0:
            return open_bytes(self._blobs[-place - 1], self._key, b"spill")
        assert self._file is not None  # noqa: S101 -- only then are there places
        self._file.flush()
        return open_bytes(os.pread(self._file.fileno(), length, place), self._key, b"spill")

    def _parts(self, place: int, length: int, rows: int, stable: int, volatile: int) -> "_Parts":
        blob, offset, arrays = self._get(place, length), 0, list[npt.NDArray[Any]]()
        for kind in _KINDS:
            arrays.append(np.frombuffer(blob, kind, rows, offset))
            offset += arrays[-1].nbytes
        view = memoryview(blob)
        return _Parts(arrays, view[offset : offset + stable], view[offset + stable : offset + stable + volatile])


@dataclass(frozen=True)
class _Parts:
    """What one chunk put into one group."""

    arrays: list[npt.NDArray[Any]]
    stable: memoryview = field(repr=False)
    volatile: memoryview = field(repr=False)


def _block(lines: Sequence[bytes], first: int, last: int) -> bytes:
    return b"\n".join([*lines[first:last], b""]) if lines else b""


def _nameless(folder: Path) -> IO[bytes]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder, buffering=1024 * 1024)
