"""The largest file that may be sent in: received, read and jumped about in, in memory that does not grow with it."""

import hashlib
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from extranet.audit.record import Actor
from extranet.reports.staged_file import open_staged
from extranet.reports.staging import CHUNK_BYTES, LARGEST, receive_chunks
from tests.reports.exchange import BOOK, MONDAY

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
MEGABYTE = 1024 * 1024
ALLOWED = 40 * MEGABYTE  # a few chunks, sealed and open
BLOCK = random.Random(7).randbytes(MEGABYTE)


def line(number: int) -> bytes:
    """A megabyte that tells which one it is."""
    return number.to_bytes(8, "big") + BLOCK[8:]


def memory(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


@contextmanager
def bounded() -> Iterator[None]:
    """The peak of this process grows by no more than is allowed."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = memory("VmRSS")
    yield
    grown = memory("VmHWM") - before
    assert grown <= ALLOWED, f"grew by {grown // MEGABYTE} MB"


def test_the_largest_file_is_taken_and_read_in_bounded_memory_and_disk(now: datetime, data_folder: Path) -> None:
    by, count = Actor("staff", "staff\\ada"), LARGEST // MEGABYTE
    with bounded():
        sent = (line(number) for number in range(count))
        upload = receive_chunks(chunks=sent, kind=BOOK, as_of=MONDAY, name="large.csv", by=by, now=now)
    stored = sum(file.stat().st_size for file in data_folder.rglob("*") if file.is_file())
    assert upload.size == LARGEST <= stored <= LARGEST + 100 * upload.chunks
    with bounded(), open_staged(upload) as file:
        digest = hashlib.sha256()
        while piece := file.read(MEGABYTE):
            digest.update(piece)
        assert digest.hexdigest() == upload.sha256
    with bounded(), open_staged(upload) as file:
        for number in random.Random(7).sample(range(count), 50):
            file.seek(number * MEGABYTE - (number % 3))  # also across the border of two chunks
            assert file.read(MEGABYTE + number % 3)[number % 3 :] == line(number)
    assert upload.chunk_bytes == CHUNK_BYTES
