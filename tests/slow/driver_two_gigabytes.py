"""A statewide CSV of two gigabytes that lies nowhere, published in a process of its own; prints what came of it.

``python -m tests.slow.driver_two_gigabytes ENDING``: ENDING is ``whole`` or ``unclosed``. EXTRANET_DATA_DIR is a set-up
installation with a roster.
"""

import io
import json
import os
import resource
import sys
from datetime import date
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "extranet.settings"

import django

django.setup()

# isort: split
import numpy as np
from django.utils import timezone

from extranet.audit.record import Actor
from extranet.reports.assign import certified
from extranet.reports.publish import publish
from extranet.reports.refusals import ReportsRefused
from tests.reports.exchange import BOOK, book_row, csv_text

DAY = date(2026, 11, 16)
SIZE = 2_000_000_000
TILE_ROWS = 20_000
DIGITS = 4  # of the number of a tile in the case number, so that no row is there twice
UNCLOSED = b'2026-11-16,"5004300001,'


class Tiled(io.RawIOBase):
    """A file of the same rows again and again, each time under other case numbers. Nothing of it is kept."""

    def __init__(self, header: bytes, tile: bytes, last: bytes) -> None:
        self._header, self._last = header, last
        self._tile = np.frombuffer(tile, np.uint8).copy()
        starts = np.concatenate([[0], np.flatnonzero(self._tile == 10)[:-1] + 1])
        self._places = starts + len(f"{DAY},5")  # behind the day and the first digit of the case
        self.tiles = (SIZE - len(header) - len(last)) // len(tile)
        self._number = -1
        self._begin, self._end = len(header), len(header) + self.tiles * len(tile)
        self.size, self._position = self._end + len(last), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence] + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        wanted = self.size - self._position if size < 0 else min(size, self.size - self._position)
        parts = []
        while wanted > 0:
            part = self._part()[:wanted]
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return b"".join(parts)

    def _part(self) -> bytes:
        """What stands from the position on, up to the end of the header, of a tile, or of the file."""
        if self._position < self._begin:
            return self._header[self._position :]
        if self._position >= self._end:
            return self._last[self._position - self._end :]
        number, place = divmod(self._position - self._begin, len(self._tile))
        if number != self._number:
            self._number = number
            for digit, sign in enumerate(f"{number:0{DIGITS}}".encode()):
                self._tile[self._places + digit] = sign
        return self._tile[place:].tobytes()


def file_of(ending: str) -> Tiled:
    licenses = sorted(certified())
    rows = (
        book_row(
            licenses[number % len(licenses)],
            number,
            case_number=f"5{'0' * DIGITS}{number:06}",
            mail_address=f"{number} {'Long Street of the Elms ' * 10}".strip(),
        )
        for number in range(TILE_ROWS)
    )
    header, _, body = csv_text(rows).partition("\n")
    return Tiled(f"{header}\n".encode(), body.encode(), UNCLOSED if ending == "unclosed" else b"")


def peak() -> int:
    """Bytes that this process held at most. Its ``ru_maxrss`` would begin at what its parent held."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024


def main(ending: str) -> None:
    file, told = file_of(ending), dict[str, object]()
    try:
        outcome = publish(kind=BOOK, source=file, as_of=DAY, by=Actor.shell(), now=timezone.now(), release=True)  # type: ignore[arg-type]  # what it asks of a file is here
        counts = outcome.counts
        told = {"code": 0, "rows": [counts.rows_in, counts.delivered, counts.unassigned, counts.quarantined]}
    except ReportsRefused as refused:
        told = {"code": refused.exit_code, "lines": refused.lines}
    used = resource.getrusage(resource.RUSAGE_SELF)
    told |= {"size": file.size, "expected_rows": file.tiles * TILE_ROWS, "peak": peak()}
    print(json.dumps({**told, "cpu": round(used.ru_utime + used.ru_stime)}))


if __name__ == "__main__":
    main(sys.argv[1])
