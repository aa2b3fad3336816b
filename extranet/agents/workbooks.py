"""Rows of an Excel workbook. Cells that Excel turned into numbers are marked, so that the reader can refuse a guess."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime

import python_calamine

from extranet.agents.refusal import refused

MAX_UNPACKED = 1_000_000_000  # bytes; a workbook that unpacks to more is an attack or no roster


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
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheets = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names]
    except python_calamine.PasswordError as error:
        raise refused("is locked with a password") from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise refused(f"is no readable workbook: {error}") from error
    filled = [(name, rows) for name, rows in sheets if any(cell != "" for row in rows for cell in row)]
    if len(filled) > 1:
        raise refused(f"has several filled sheets ({', '.join(name for name, _ in filled)}); keep one")
    rows = filled[0][1] if filled else []
    return ((number, [_cell(cell) for cell in row]) for number, row in enumerate(rows, 1))


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise refused("is no readable workbook: its archive is broken") from error
    if unpacked > MAX_UNPACKED:
        raise refused("unpacks to more than a roster can be")


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return NumberCell(value)
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):  # a day, or a moment with its time: the reader refuses the latter
        return value.isoformat()
    return str(value)
