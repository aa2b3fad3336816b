"""The header of a publication: the columns it had, what was constant, how its lines are to be read.

Sealed as the first frame of the pack, so that any past week opens with the columns of that week.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from extranet.profile.layouts import Column, ColumnType, ReportKind
from extranet.profile.meanings import Meaning

FORMAT = 1


@dataclass(frozen=True)
class BookColumn:
    """One column as readers see it; the flags mean what they mean in the layout."""

    key: str
    header: str
    type: ColumnType
    description: str
    shown: bool
    facet: bool
    personal: bool
    searchable: bool
    sortable: bool

    @property
    def money(self) -> bool:
        return self.type == "money"

    @classmethod
    def of(cls, column: Column) -> "BookColumn":
        return cls(**{name: getattr(column, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Header:
    """What all frames of one publication have in common. ``constants`` holds texts by column key.

    ``identity`` and ``meanings`` are those of the layout then; empty in headers of before there were changes.
    """

    kind: str
    title: str
    as_of: date
    layout_version: str
    agent_column: str
    case_column: str
    default_sort: tuple[str, ...]
    columns: tuple[BookColumn, ...]
    stable: tuple[str, ...]
    volatile: tuple[str, ...]
    constants: dict[str, str]
    identity: tuple[tuple[str, ...], ...] = ()
    meanings: tuple[Meaning, ...] = ()

    def to_bytes(self) -> bytes:
        head = {"format": FORMAT, **asdict(self), "as_of": self.as_of.isoformat()}
        return json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Header":
        head = json.loads(raw)
        if head.pop("format") != FORMAT:
            raise ValueError("the header of this publication has a format that this program does not read")
        columns = tuple(BookColumn(**column) for column in head.pop("columns"))
        tuples: dict[str, Any] = {name: tuple(head.pop(name)) for name in ("default_sort", "stable", "volatile")}
        tuples["identity"] = tuple(tuple(part) for part in head.pop("identity", ()))
        tuples["meanings"] = tuple(_meaning(meaning) for meaning in head.pop("meanings", ()))
        return cls(as_of=date.fromisoformat(head.pop("as_of")), columns=columns, **tuples, **head)


def header_of(kind: ReportKind, *, as_of: date, constants: dict[str, str]) -> Header:
    """The header of a publication of this kind as its layout is today."""
    moving = [column for column in kind.layout.columns if not column.constant]
    return Header(
        kind=kind.slug,
        title=kind.title,
        as_of=as_of,
        layout_version=str(kind.version),
        agent_column=kind.agent_column,
        case_column=kind.case_column,
        default_sort=kind.default_sort,
        columns=tuple(BookColumn.of(column) for column in kind.layout.columns),
        stable=tuple(column.key for column in moving if not column.volatile),
        volatile=tuple(column.key for column in moving if column.volatile),
        constants=constants,
        identity=kind.layout.identity_parts,
        meanings=kind.meanings,
    )


def _meaning(head: dict[str, Any]) -> Meaning:
    lists: dict[str, Any] = {name: tuple(head.pop(name)) for name in ("columns", "before", "after")}
    return Meaning(**head, **lists)
