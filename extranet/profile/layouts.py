"""What a file of the exchange looks like: its columns, what each may hold, and what makes a row the same row.

Everything that reads, checks, shows or downloads a report asks these objects; no column is named anywhere else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal, cast, get_args

from extranet.profile.meanings import Meaning, read_meanings
from extranet.profile.reading import Table

ColumnType = Literal["text", "date", "timestamp", "int", "decimal", "money", "enum", "yes_no"]
TYPES: tuple[str, ...] = get_args(ColumnType)
TEXTS = ("key", "header", "type", "description", "pattern", "shape", "at_most")
SETTINGS = (*TEXTS, "allowed", "minimum", "maximum", "sortable")
FLAGS = ("required", "shown", "facet", "volatile", "constant", "personal", "searchable")
NUMBERS = ("int", "decimal", "money")


@dataclass(frozen=True)
class Column:
    """One column of a file. A blank cell is allowed unless ``required``; the other limits apply to filled cells.

    ``pattern`` is a full match. ``shape``: how a value looks amid words; mails and notes that hold one are refused.
    ``minimum`` and ``maximum`` are in the column's own unit (money: dollars, two places).
    ``at_most`` is the key of a column that this one may not exceed in the same row.
    ``shown``: in the table without being asked for. ``facet``: offered as a filter, may stand in an address.
    ``volatile``: changes by itself from week to week, never counts as a change. ``constant``: one value a file.
    ``personal``: about a consumer; never in an address, a log or a mail. ``searchable``: the search box looks here.
    """

    key: str
    header: str
    type: ColumnType
    description: str
    pattern: str = ""
    shape: str = ""
    allowed: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    at_most: str = ""
    required: bool = False
    shown: bool = False
    facet: bool = False
    volatile: bool = False
    constant: bool = False
    personal: bool = False
    searchable: bool = False
    sortable: bool = True

    @property
    def money(self) -> bool:
        """Sums of the column must agree after the split."""
        return self.type == "money"


@dataclass(frozen=True)
class Layout:
    """Columns in the order of the file. ``identity`` names what makes a row the same row from week to week;
    ``"a|b"`` in it means: the value of ``a``, or of ``b`` while ``a`` is blank."""

    columns: tuple[Column, ...]
    identity: tuple[str, ...]

    @cached_property
    def by_key(self) -> Mapping[str, Column]:
        return {column.key: column for column in self.columns}

    @cached_property
    def headers(self) -> tuple[str, ...]:
        return tuple(column.header for column in self.columns)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.columns)

    @cached_property
    def identity_parts(self) -> tuple[tuple[str, ...], ...]:
        """The identity with its alternatives taken apart: (("case_number",), ("policy_id", "hios_plan_id"))."""
        return tuple(tuple(part.split("|")) for part in self.identity)

    def identity_of(self, row: Mapping[str, str]) -> tuple[str, ...]:
        """The identity of one row of texts by column key."""
        return tuple(next((row[key] for key in part if row[key]), "") for part in self.identity_parts)


@dataclass(frozen=True)
class ReportKind:
    """One report of the exchange. ``slug`` stands in addresses and commands; ``default_sort`` holds column keys, with
    a leading ``-`` for descending; ``version`` goes up when columns change."""

    slug: str
    title: str
    short: str
    description: str
    layout: Layout
    agent_column: str
    as_of_column: str
    case_column: str
    member_column: str
    default_sort: tuple[str, ...]
    version: int
    meanings: tuple[Meaning, ...] = ()


def read_kind(table: Table) -> ReportKind:
    """One file of reports/. Its name is the kind's slug."""
    heads = ("title", "short", "description", "agent_column", "as_of_column", "case_column", "member_column")
    table.only((*heads, "default_sort", "version", "identity", "columns", "meanings"))
    layout = read_layout(table)
    head = {key: table.text(key) for key in heads}
    for key in ("agent_column", "as_of_column", "case_column", "member_column"):
        _known(table, key, head[key], layout)
    sort = table.texts("default_sort")
    for name in sort:
        _known(table, "default_sort", name.removeprefix("-"), layout)
    version = table.number("version")
    if version is None or version < 1 or version != int(version):
        raise table.refused("version", "must be a whole number from 1 up")
    if not layout.by_key[head["as_of_column"]].constant:
        raise table.refused("as_of_column", "must be a constant column: one file holds one day")
    meanings = read_meanings(
        table,
        {column.key: column.type for column in layout.columns},
        never={head["agent_column"], *(column.key for column in layout.columns if column.volatile or column.constant)},
    )
    return ReportKind(
        slug=table.file.stem, layout=layout, default_sort=sort, version=int(version), meanings=meanings, **head
    )


def read_layout(table: Table) -> Layout:
    """The [[columns]] and the identity of a file; refuses doubled keys and headers."""
    columns = tuple(_column(row) for row in table.tables("columns"))
    if not columns:
        raise table.refused("columns", "is missing; declare each column under [[columns]]")
    for what, names in (("key", [c.key for c in columns]), ("header", [c.header.casefold() for c in columns])):
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise table.refused("columns", f"{what} {doubled[0]!r} stands twice; every {what} must be its own")
    layout = Layout(columns=columns, identity=table.texts("identity"))
    if not layout.identity:
        raise table.refused("identity", "names no column; say what makes a row the same row")
    for part in layout.identity_parts:
        for key in part:
            _known(table, "identity", key, layout)
        if not any(layout.by_key[key].required for key in part):
            raise table.refused("identity", f"{'|'.join(part)} may be blank; set required = true on one of them")
    for column in columns:
        if column.at_most:
            _known(table, f"columns.{column.key}.at_most", column.at_most, layout)
    return layout


def _column(table: Table) -> Column:
    table.only((*SETTINGS, *FLAGS))
    kind = table.text("type")
    if kind not in TYPES:
        raise table.refused("type", f"is {kind!r}; write one of {', '.join(TYPES)}")
    column = Column(
        key=table.text("key"),
        header=table.text("header"),
        type=cast(ColumnType, kind),
        description=table.text("description"),
        pattern=table.text("pattern", ""),
        shape=table.text("shape", ""),
        allowed=table.texts("allowed", ()),
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        at_most=table.text("at_most", ""),
        sortable=table.flag("sortable") if "sortable" in table.values else True,
        **{flag: table.flag(flag) for flag in FLAGS},
    )
    _coherent(table, column)
    return column


def _coherent(table: Table, column: Column) -> None:
    """Refuse settings that contradict each other."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", column.key):
        raise table.refused("key", f"is {column.key!r}; use small letters, digits and underscores")
    for name in ("pattern", "shape"):
        try:
            re.compile(getattr(column, name))
        except re.error as error:
            raise table.refused(name, f"is not a regular expression: {error}") from error
    if column.shape and (not column.personal or re.search(column.shape, "")):
        raise table.refused("shape", f"column {column.key}: only a personal column has one, and it fits no empty text")
    if (column.type == "enum") != bool(column.allowed):
        raise table.refused("allowed", f"column {column.key}: an enum lists its values, no other type does")
    if column.type not in NUMBERS and (column.at_most or column.minimum is not None or column.maximum is not None):
        raise table.refused("type", f"column {column.key}: only {', '.join(NUMBERS)} have limits")
    if column.facet and column.personal:
        raise table.refused("facet", f"column {column.key}: filters stand in addresses, a personal column cannot")


def _known(table: Table, key: str, name: str, layout: Layout) -> None:
    if name not in layout.by_key:
        raise table.refused(key, f"names {name!r}, which is no column of this file")
