"""The lines of two stable blocks, and which of them differ: as bytes, before anything is parsed."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extranet.reports.lines import canonical
from extranet.reports.refusals import IntegrityBroken

Row = list[str]
_SPECIAL = re.compile('[,"\r\n]')


@dataclass(frozen=True)
class Differing:
    """Lines of one side only, each in the order of its block, and those of both."""

    before: list[bytes]
    after: list[bytes]
    common: set[bytes]


def differing(before: bytes, after: bytes) -> Differing:
    """The multiset difference of two blocks of the same columns."""
    old, new = lines_of(before), lines_of(after)
    old_set, new_set = set(old), set(new)
    if len(old_set) != len(old) or len(new_set) != len(new):
        return Differing(_left_over(old, new), _left_over(new, old), old_set & new_set)
    gone, added = old_set - new_set, new_set - old_set
    return Differing(
        [line for line in old if line in gone] if gone else [],
        [line for line in new if line in added] if added else [],
        new_set - added if gone or added else new_set,
    )


def lines_of(block: bytes) -> list[bytes]:
    """The records of a block without their newlines; a newline inside quotes is part of its record."""
    lines = block.split(b"\n")
    del lines[-1:]  # each record ends in a newline, so nothing follows the last
    return _whole(lines) if b'"' in block else lines


def parsed(lines: Iterable[bytes], columns: int) -> list[Row]:
    """The cells of each record; raises IntegrityBroken where one has another number of columns."""
    try:
        rows = [_cells(line) for line in lines]
    except (csv.Error, UnicodeDecodeError, StopIteration):
        raise IntegrityBroken("a frame holds something that is no CSV") from None
    if any(len(row) != columns for row in rows):
        raise IntegrityBroken("a frame holds a line of another width than its header")
    return rows


def taken(block: bytes, places: Sequence[int]) -> bytes:
    """The same records with these cells only, in this order: for weeks whose layouts differ."""
    chosen = [[row[place] for place in places] for row in (_cells(line) for line in lines_of(block))]
    return "".join(
        [f"{canonical(row) if _SPECIAL.search(''.join(row)) else ','.join(row)}\n" for row in chosen]
    ).encode()


def cell_of(line: bytes, place: int) -> bytes:
    """One cell of a record, without parsing the rest where nothing is quoted."""
    if b'"' in line:
        return _cells(line)[place].encode()
    return line.split(b",", place + 1)[place]


def _cells(line: bytes) -> Row:
    text = line.decode()
    if '"' not in text:
        return text.split(",")
    return next(csv.reader([text], strict=True))


def _whole(lines: list[bytes]) -> list[bytes]:
    """Join the pieces of records in which a newline stands inside quotes: their quotes come in pairs only together."""
    if not any(line.count(b'"') & 1 for line in lines):
        return lines
    records: list[bytes] = []
    open_record: list[bytes] = []
    for line in lines:
        if line.count(b'"') & 1:
            open_record.append(line)
            if len(open_record) > 1:
                records.append(b"\n".join(open_record))
                open_record = []
        elif open_record:
            open_record.append(line)
        else:
            records.append(line)
    if open_record:
        raise IntegrityBroken("a frame ends inside quotes")
    return records


def _left_over(lines: list[bytes], others: list[bytes]) -> list[bytes]:
    left = Counter(others)
    kept = []
    for line in lines:
        if left[line]:
            left[line] -= 1
        else:
            kept.append(line)
    return kept
