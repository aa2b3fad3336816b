"""Open a file that may be made to harm in a process of its own, with a bound on memory, time and what it may say.

A library that unpacks such a file can ask for half a terabyte, and its process ends then. Here that is a child
(docs/decisions/0013-workbooks-and-parquet.md): its end costs the sender an answer and nobody else anything.
"""

import io
import json
import os
import select
import stat
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.within import ENDED, FACTS, REFUSED, ROWS

PATIENCE = 120  # seconds without one byte from the child
MOST_SAID = 256_000_000  # bytes of one piece; a child cuts its rows into pieces of at most 64 MB
_BLOCK = 1024 * 1024
_KINDS = (FACTS, ROWS, REFUSED, ENDED)


def size_of(file: BinaryIO) -> int:
    """Bytes of a seekable file, which then stands at its beginning."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size


def pieces(module: str, file: BinaryIO, *, too_much: str) -> Generator[tuple[bytes, bytes], None, None]:
    """What the child says of the file: kind (FACTS or ROWS) and bytes. ``module`` is the child.
    Close it when enough was heard: the child ends then.

    Raises PublicationRefused: the child's own reason, or ``too_much`` where it ended at its bounds.
    """
    with _on_a_handle(file) as handle, _started(module, handle) as child:
        pipe = child.stdout
        assert pipe is not None  # noqa: S101 -- asked for below
        while True:
            head = _exactly(pipe.fileno(), 9, too_much)
            kind, length = head[:1], int.from_bytes(head[1:], "big")
            if kind not in _KINDS or length > MOST_SAID:
                raise PublicationRefused(too_much)
            body = _exactly(pipe.fileno(), length, too_much)
            if kind == REFUSED:
                raise PublicationRefused(str(json.loads(body)))
            if kind == ENDED:
                return
            yield kind, body


def handle_of(file: BinaryIO) -> int | None:
    """The handle of a plain file on the disk. A stream that opens something sealed may have one too, of other bytes."""
    raw = getattr(file, "raw", file)
    return raw.fileno() if isinstance(raw, io.FileIO) and stat.S_ISREG(os.fstat(raw.fileno()).st_mode) else None


@contextmanager
def _on_a_handle(file: BinaryIO) -> Iterator[int]:
    """What a child can inherit: the file's own handle, or a copy that lies in memory alone, never on the disk."""
    own = handle_of(file)
    if own is not None:
        yield own
        return
    handle = os.memfd_create("input")
    try:
        file.seek(0)
        with open(handle, "wb", closefd=False) as copy:
            while block := file.read(_BLOCK):
                copy.write(block)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _started(module: str, handle: int) -> Iterator[subprocess.Popen[bytes]]:
    """It is told nothing but the file. Whatever happens to the reader, the child does not outlive it."""
    child = subprocess.Popen(  # noqa: S603 -- our own interpreter and our own module
        [sys.executable, "-I", "-m", module],
        stdin=handle,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _exactly(pipe: int, length: int, too_much: str) -> bytes:
    found = bytearray()
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN | select.POLLHUP)
    while len(found) < length:
        block = os.read(pipe, min(_BLOCK, length - len(found))) if waiting.poll(PATIENCE * 1000) else b""
        if not block:  # it ended before it was done, or hangs
            raise PublicationRefused(too_much)
        found += block
    return bytes(found)
