"""Read a roster against the layout that the profile declares. Any fault in any row refuses the whole file.

A publication can set single rows aside; a roster cannot: a row left out would end somebody's access.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, fields
from datetime import date
from typing import BinaryIO

from extranet.agents.cells import CellRefused, checked
from extranet.agents.models import CertificationStatus
from extranet.agents.refusal import Fault, RosterRefused, refused
from extranet.agents.tables import Line, read_lines
from extranet.profile.layouts import Column, Layout
from extranet.profile.loader import current


@dataclass(frozen=True)
class RosterRow:
    """One agent as the exchange says. Blank texts and None stand for cells left blank."""

    line: int
    license: str
    npn: str
    first_name: str
    last_name: str
    email: str
    phone: str
    agency_name: str
    agency_license: str
    role: str
    status: str
    status_on: date | None
    certified_on: date | None


@dataclass(frozen=True)
class Roster:
    """A file without faults: each license once."""

    name: str
    sha256: str
    rows: tuple[RosterRow, ...]


def read_roster(file: BinaryIO, name: str) -> Roster:
    """The file as a roster. ``name`` is for people only. Raises RosterRefused with every fault found."""
    data = file.read()
    header, *lines = read_lines(data)
    layout = current().roster
    order = _columns(header, layout)
    faults: list[Fault] = []
    rows = [row for line in lines if (row := _row(line, order, faults))]
    faults += _doubled(rows, layout)
    if faults:
        raise RosterRefused(sorted(faults))
    return Roster(name=name, sha256=hashlib.sha256(data).hexdigest(), rows=tuple(rows))


def _columns(header: Line, layout: Layout) -> list[Column]:
    """The layout's columns in the order of the file. Headers may stand in any order and case."""
    known = {column.header.casefold(): column for column in layout.columns}
    names = [" ".join(str(cell).split()) for cell in header.cells]
    while names and not names[-1]:
        names.pop()
    if len(header.cells) == 1 and any(mark in str(header.cells[0]) for mark in ";|\t"):
        raise refused("the columns are not separated by commas; save it as CSV with commas", line=header.number)
    counts = Counter(name.casefold() for name in names)
    faults = [
        *((name, "is not a column of a roster") for name in names if name.casefold() not in known),
        *((known[name].header, "stands twice") for name, times in counts.items() if times > 1 and name in known),
        *((column.header, "is missing") for name, column in known.items() if name not in counts),
    ]
    if faults:
        raise RosterRefused([Fault(header.number, name or "(no name)", reason) for name, reason in faults])
    return [known[name.casefold()] for name in names]


def _row(line: Line, order: list[Column], faults: list[Fault]) -> RosterRow | None:
    if len(line.cells) < len(order) or any(str(cell).strip() for cell in line.cells[len(order) :]):
        faults.append(Fault(line.number, "", f"has {len(line.cells)} cells, the header has {len(order)}"))
        return None
    found: list[Fault] = []
    values: dict[str, str] = {}
    for column, cell in zip(order, line.cells, strict=False):
        try:
            values[column.key] = checked(column, cell)
        except CellRefused as reason:
            found.append(Fault(line.number, column.header, str(reason)))
    if not found and values["status"] == CertificationStatus.CERTIFIED and not values["certified_on"]:
        header = next(column.header for column in order if column.key == "certified_on")
        found.append(Fault(line.number, header, "is blank for a certified agent"))
    faults += found
    return None if found else _made(line.number, values)


def _made(line: int, values: dict[str, str]) -> RosterRow:
    days = {key: date.fromisoformat(values[key]) if values[key] else None for key in ("status_on", "certified_on")}
    names = (field.name for field in fields(RosterRow) if field.name in values and field.name not in days)
    return RosterRow(line=line, **{name: values[name] for name in names}, **days)  # type: ignore[arg-type]  # by name


def _doubled(rows: list[RosterRow], layout: Layout) -> list[Fault]:
    """A license on two rows: which of them is right, nobody can know."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row.license, []).append(row.line)
    header = layout.by_key["license"].header
    return [
        Fault(line, header, f"{license} stands on lines {', '.join(map(str, places))}")
        for license, places in lines.items()
        if len(places) > 1
        for line in places
    ]
