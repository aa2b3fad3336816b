"""The file of an earlier system's accounts, read like a roster: any fault in any row refuses the whole file."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from extranet.agents.cells import CellRefused, checked
from extranet.agents.refusal import Fault, RosterRefused
from extranet.agents.tables import Line, read_lines
from extranet.profile.loader import current

LICENSE, EMAIL, PASSWORD_DATE = "license", "email", "password_date"
HEADERS = {
    "license": LICENSE,
    "license number": LICENSE,
    "email": EMAIL,
    "e-mail": EMAIL,
    "email address": EMAIL,
    "e-mail address": EMAIL,
    "password date": PASSWORD_DATE,
    "password set on": PASSWORD_DATE,
}
"""Headers as people write them, in any order and case, underscores as blanks."""


class ImportRefused(Exception):
    """The file is refused and nothing was changed. ``faults`` in the order of the file."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class ImportRow:
    """One account. ``password_on`` is None where the earlier system did not know."""

    line: int
    license: str
    email: str
    password_on: date | None


def read_accounts(file: BinaryIO, *, today: date) -> list[ImportRow]:
    """All rows, each license once; raises ImportRefused with every fault found."""
    try:
        header, *lines = read_lines(file.read())
    except RosterRefused as refusal:
        raise ImportRefused(refusal.faults) from refusal
    order = _columns(header)
    faults: list[Fault] = []
    rows = [row for line in lines if (row := _row(line, order, today, faults))]
    faults += _doubled(rows)
    if faults:
        raise ImportRefused(sorted(faults))
    return rows


def _columns(header: Line) -> list[str]:
    names = [" ".join(str(cell).replace("_", " ").split()) for cell in header.cells]
    keys = [HEADERS.get(name.casefold(), "") for name in names]
    faults = [
        Fault(header.number, name or "(no name)", "is not a column of this list")
        for name, key in zip(names, keys, strict=True)
        if not key
    ]
    counts = Counter(keys)
    faults += [Fault(header.number, key, "is missing") for key in (LICENSE, EMAIL, PASSWORD_DATE) if not counts[key]]
    faults += [Fault(header.number, key, "stands twice") for key, times in counts.items() if key and times > 1]
    if faults:
        raise ImportRefused(faults)
    return keys


def _row(line: Line, order: list[str], today: date, faults: list[Fault]) -> ImportRow | None:
    if len(line.cells) != len(order):
        faults.append(Fault(line.number, "", f"has {len(line.cells)} cells, the header has {len(order)}"))
        return None
    cells = dict(zip(order, line.cells, strict=True))
    values: dict[str, str] = {}
    before = len(faults)
    for key in (LICENSE, EMAIL):
        column = current().roster.by_key[key]
        try:
            values[key] = checked(column, cells[key])
        except CellRefused as reason:
            faults.append(Fault(line.number, column.header, str(reason)))
    day = _day(str(cells[PASSWORD_DATE]).strip(), line.number, today, faults)
    if len(faults) > before:
        return None
    return ImportRow(line.number, values[LICENSE], values[EMAIL], day)


def _day(text: str, line: int, today: date, faults: list[Fault]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else None
    except ValueError:
        day = None
    if day is None:
        faults.append(Fault(line, PASSWORD_DATE, f"{text!r} is not a day written like 2026-11-18"))
    elif day > today:
        faults.append(Fault(line, PASSWORD_DATE, f"{text} has not come yet"))
    return day


def _doubled(rows: list[ImportRow]) -> list[Fault]:
    counts = Counter(row.license for row in rows)
    return [Fault(row.line, LICENSE, f"{row.license} stands twice") for row in rows if counts[row.license] > 1]
