"""Reading a profile's TOML strictly: every fault names the file, the key and what to do."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class ProfileRefused(Exception):
    """The profile cannot be used. ``file`` and ``key`` say where, ``remedy`` what to do."""

    def __init__(self, *, file: Path, key: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {remedy}")
        self.file = file
        self.key = key
        self.remedy = remedy


@dataclass(frozen=True)
class Table:
    """One table of a TOML file; remembers where it stands, so that a refusal can say it."""

    file: Path
    values: Mapping[str, Any]
    path: str = ""

    def refused(self, key: str, remedy: str) -> ProfileRefused:
        """The refusal of one key of this table; the caller raises it."""
        return ProfileRefused(file=self.file, key=f"{self.path}.{key}".strip("."), remedy=remedy)

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that mean nothing here: most often a typing error."""
        for key in sorted(set(self.values) - set(known)):
            raise self.refused(key, f"unknown key; known here are {', '.join(sorted(known))}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not blank; without a default the key must be there."""
        value = self._value(key, str, default)
        if not value.strip() and default is None:
            raise self.refused(key, "must not be blank")
        return value

    def flag(self, key: str) -> bool:
        """true or false; false when absent."""
        return self._value(key, bool, False)

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, in its order."""
        value = self._value(key, list, None if default is None else list(default))
        if not all(isinstance(item, str) for item in value):
            raise self.refused(key, "must be a list of texts")
        return tuple(value)

    def number(self, key: str) -> Decimal | None:
        """A whole number or a decimal; None when absent."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refused(key, f"must be a number, not {value!r}")
        return Decimal(str(value))

    def day(self, key: str) -> date:
        """A day as TOML writes it: 2026-05-25, without quotes."""
        return self._value(key, date, None)

    def table(self, key: str) -> "Table":
        """A table inside this one."""
        value = self._value(key, dict, None)
        return Table(file=self.file, values=value, path=f"{self.path}.{key}".strip("."))

    def tables(self, key: str) -> "tuple[Table, ...]":
        """A list of tables ([[key]] in the file); empty when absent."""
        rows = self._value(key, list, [])
        if not all(isinstance(row, dict) for row in rows):
            raise self.refused(key, f"must be tables, each under [[{key}]]")
        return tuple(Table(self.file, row, f"{self.path}.{key}[{n}]".strip(".")) for n, row in enumerate(rows, 1))

    def _value(self, key: str, kind: type[T], default: T | None) -> T:
        value = self.values.get(key, default)
        if value is None:
            raise self.refused(key, "is missing; add it")
        if not isinstance(value, kind):
            raise self.refused(key, f"must be {kind.__name__}, not {value!r}")
        return value


def read_toml(file: Path) -> Table:
    """The whole file as a table; refuses an absent or a broken one."""
    try:
        return Table(file=file, values=tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ProfileRefused(file=file, key="(file)", remedy="does not exist; copy it from another profile") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileRefused(file=file, key="(file)", remedy=f"is not valid TOML in UTF-8: {error}") from error
