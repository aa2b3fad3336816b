"""What a file looks like from afar: how full each column is and which values it has. Counts only, no consumer's data.

Values are counted for columns whose allowed values the layout declares, so that nothing of a person can stand here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


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
