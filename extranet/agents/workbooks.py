"""Rows of an Excel workbook. Cells that Excel turned into numbers are marked, so that the reader can refuse a guess."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from extranet.agents.refusal import refused

MAX_UNPACKED = 1_000_000_000  # bytes; a workbook that unpacks to more is an attack or no roster
PATIENCE = 120  # seconds for the process that opens it
_UNPACKING = Path(__file__).parent / "unpacking.py"


class NumberCell(float):
    """A cell that holds a number: its text, leading zeros and letters may be lost."""

    def __str__(self) -> str:
        return str(int(self)) if self.is_whole else repr(float(self))

    @property
    def is_whole(self) -> bool:
        """Whole, and small enough to be exact."""
        return self.is_integer() and abs(self) < 2**53


def is_workbook(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def workbook_rows(data: bytes) -> Iterator[tuple[int, list[object]]]:
    """Row number and cells of the only sheet that holds anything. Raises RosterRefused."""
    _check_size(data)
    answer = _unpacked(data)
    if "refused" in answer:
        raise refused(str(answer["refused"]))
    return ((number, [_cell(cell) for cell in row]) for number, row in enumerate(answer["rows"], 1))


def _unpacked(data: bytes) -> dict[str, list[list[object]]]:
    """What the bounded process says; it is told nothing but the file."""
    try:
        done = subprocess.run(  # noqa: S603 -- our own interpreter and our own file
            [sys.executable, "-I", str(_UNPACKING)],
            input=data,
            capture_output=True,
            env={},
            timeout=PATIENCE,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise refused("needs more memory or time to open than a roster can") from None
    answer: dict[str, list[list[object]]] = json.loads(done.stdout)
    return answer


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise refused("is no readable workbook: its archive is broken") from error
    if unpacked > MAX_UNPACKED:
        raise refused("unpacks to more than a roster can be")


def _cell(value: object) -> object:
    return NumberCell(value) if isinstance(value, float) else value
