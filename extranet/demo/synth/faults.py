"""Rows that a publication must not deliver, put into a clean file on purpose and listed, each with its line.

Every faulty row is a copy of a good one under a case number of its own, so the clean rows stay what they were. Only
faults of single rows are made: those of a whole file (another day, a missing column) refuse it, which leaves nothing to
list.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from extranet.profile.layouts import Column, ReportKind

UNKNOWN_LICENSE = "9Z99999"  # of valid grammar, on no roster: the generator's licenses begin with 0, 1 or 4
Row = dict[str, str]


@dataclass(frozen=True)
class Fault:
    """One line that must not reach an agent. ``column``: its header, blank where the line as a whole is wrong."""

    line: int
    column: str
    reason: str
    outcome: str

    def listed(self) -> dict[str, object]:
        return {"line": self.line, "column": self.column, "reason": self.reason, "outcome": self.outcome}


@dataclass(frozen=True)
class Dirty:
    """A way to spoil a row: ``cells`` makes the line's cells from the good row."""

    column: str
    reason: str
    cells: Callable[[Row], list[str]]
    outcome: str = "quarantined"


def spoil(file: Path, kind: ReportKind) -> list[Fault]:
    """Put one of each kind of faulty line into the file, spread over it; tell where (the header is line 1)."""
    with file.open(encoding="utf-8", newline="") as stream:
        lines = sum(1 for _ in stream) - 1
    ways = _ways(kind)
    step = max(1, lines // (len(ways) + 1))
    faults, part = [], file.with_suffix(".part")
    with file.open(encoding="utf-8", newline="") as source, part.open("w", encoding="utf-8", newline="") as target:
        target.write(next(source))
        waiting, written = list(ways), 1
        for number, line in enumerate(source, start=1):
            target.write(line)
            written += 1
            while waiting and (number % step == 0 or number == lines):
                target.write(_line(waiting[0].cells(_row(line, kind, len(ways) - len(waiting)))))
                written += 1
                faults.append(Fault(written, _header(kind, waiting[0].column), waiting[0].reason, waiting[0].outcome))
                waiting.pop(0)
                if number != lines:
                    break
    os.replace(part, file)
    return faults


def _row(line: str, kind: ReportKind, number: int) -> Row:
    """A good row under a case number that nobody has (the generator's begin with 5)."""
    row = dict(zip(kind.layout.keys, next(csv.reader([line])), strict=True))
    return {**row, kind.case_column: f"9{number:09}"}


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _header(kind: ReportKind, key: str) -> str:
    return kind.layout.by_key[key].header if key else ""


def _with(key: str, value: str) -> Callable[[Row], list[str]]:
    return lambda row: list({**row, key: value}.values())


def _twin(kind: ReportKind) -> Callable[[Row], list[str]]:
    """Two lines made by this have the same identity, whatever lines they were copied from."""
    alike = {key: "1" for part in kind.layout.identity_parts for key in part if kind.layout.by_key[key].type == "text"}
    plans = {key: "99999CA9999999" for key in alike if "hios" in key}
    alike |= {kind.case_column: "9999999999"} | plans
    fixed = {key: column.allowed[0] for key in _identity_keys(kind) if (column := kind.layout.by_key[key]).allowed}
    return lambda row: list({**row, **alike, **fixed}.values())


def _identity_keys(kind: ReportKind) -> Iterator[str]:
    return (key for part in kind.layout.identity_parts for key in part)


def _ways(kind: ReportKind) -> list[Dirty]:
    """One way for each thing that a declared layout forbids, as far as this kind has such a column."""
    agent, columns = kind.agent_column, kind.layout.columns
    names = [column.key for column in columns if column.type == "text" and column.required and not column.pattern]
    return [
        Dirty(agent, "blank license", _with(agent, "")),
        Dirty(agent, "license with the letter O for a zero", _with(agent, "OE12345")),
        Dirty(agent, "unknown license", _with(agent, UNKNOWN_LICENSE), outcome="unassigned"),
        *_typed(columns, "int", "wrong type", "three"),
        *_typed(columns, "date", "impossible date", "1985-02-30", leave=kind.as_of_column),
        *_typed(columns, "enum", "unknown value", "Enroled"),
        *_typed(columns, "money", "negative amount", "-1.00", limited=True),
        *(Dirty(c.key, "more than its limit column", _with(c.key, "999999.00")) for c in columns if c.at_most),
        *_typed(columns, "yes_no", "neither Y nor N", "yes"),
        Dirty(names[-1], "required cell is blank", _with(names[-1], "")),
        Dirty("", "short row", lambda row: list(row.values())[:-3]),
        Dirty("", "long row", lambda row: [*row.values(), "one", "two"]),
        Dirty(kind.case_column, "doubled identity", _twin(kind)),
        Dirty(kind.case_column, "doubled identity", _twin(kind)),
    ]


def _typed(
    columns: tuple[Column, ...], type: str, reason: str, value: str, *, limited: bool = False, leave: str = ""
) -> list[Dirty]:
    fits = (c.key for c in columns if c.type == type and c.key != leave and (not limited or c.minimum is not None))
    key = next(fits, "")
    return [Dirty(key, reason, _with(key, value))] if key else []


def write_list(file: Path, *, as_of: date, faults: dict[str, list[Fault]]) -> None:
    """The file ``faults-<date>.json``: by report, each faulty line."""
    listed = {slug: [fault.listed() for fault in part] for slug, part in faults.items()}
    file.write_text(json.dumps({"as_of": as_of.isoformat(), **listed}, indent=1) + "\n", encoding="utf-8")
