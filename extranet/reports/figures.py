"""What a file looks like from afar: how full each column is and which values it has. Counts only, no consumer's data.

Values are counted for columns whose allowed values the layout declares, so that nothing of a person can stand here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from extranet.profile.layouts import Column, Layout

YES_NO = ("Y", "N")
ROWS = "_rows"  # no layout key begins with _


@dataclass(frozen=True)
class ColumnFigures:
    """``filled``: rows with a value; ``values``: rows by value, of columns with declared values only."""

    filled: int = 0
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """Of all rows of full width in a file, good and faulty. ``members`` and ``cases`` are distinct, of good rows."""

    rows: int = 0
    members: int = 0
    cases: int = 0
    columns: Mapping[str, ColumnFigures] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For ``Publication.figures``."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Figures":
        """What ``to_json`` gave; nothing stored gives no figures."""
        columns = {key: ColumnFigures(**value) for key, value in stored.get("columns", {}).items()}
        return cls(stored.get("rows", 0), stored.get("members", 0), stored.get("cases", 0), columns)


class FigureCount:
    """Counts chunk by chunk; holds a number a column and declared value, however long the file is."""

    def __init__(self, layout: Layout) -> None:
        self._filled = Counter(dict.fromkeys(layout.keys, 0))
        self._values = {column.key: Counter(dict.fromkeys(declared(column), 0)) for column in layout.columns}
        self._rows = 0
        self._is_filled = [(pl.col(key).str.len_bytes() > 0).sum() for key, seen in self._values.items() if not seen]

    def add(self, rows: pl.DataFrame, counted: Mapping[str, pl.Series]) -> None:
        """The next rows: one text column a key of the layout, blanks as empty text. ``counted``: of each column with
        declared values what ``value_counts(name=ROWS)`` says."""
        self._rows += rows.height
        self._filled.update(rows.select(self._is_filled).row(0, named=True))
        for key, found in counted.items():
            seen = self._values[key]
            rows_of = {entry[key]: entry[ROWS] for entry in found.to_list()}
            self._filled[key] += rows.height - rows_of.get("", 0)
            seen.update({value: number for value, number in rows_of.items() if value in seen})

    def add_counted(self, found: Figures) -> None:
        """Rows that somebody else counted."""
        self._rows += found.rows
        for key, column in found.columns.items():
            self._filled[key] += column.filled
            self._values[key].update(column.values)

    def figures(self, *, members: int, cases: int) -> Figures:
        """All that was added, with what only the whole file can tell."""
        columns = {key: ColumnFigures(filled, dict(self._values[key])) for key, filled in self._filled.items()}
        return Figures(self._rows, members, cases, columns)


def declared(column: Column) -> tuple[str, ...]:
    """The values that a column may have, where the layout says them: only these are ever counted."""
    return YES_NO if column.type == "yes_no" else column.allowed
