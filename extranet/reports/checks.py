"""Check rows against the declared layout, column by column. Faulty rows go to quarantine; no value is ever told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from extranet.profile.layouts import Column, Layout, ReportKind
from extranet.reports.reading import LINE, Fault, MisshapenRow, ReadFile
from extranet.reports.refusals import PublicationRefused

FAULTS_KEPT = 1_000
LONGEST_TEXT = 32_767  # signs; what a cell of a spreadsheet holds
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
TIMESTAMP = r"^[0-9-]{10}T[0-9:]{8}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})$"
INTEGER = r"^-?[0-9]{1,15}$"
DECIMAL = r"^-?[0-9]{1,12}(?:\.[0-9]{1,6})?$"
MONEY = r"^-?[0-9]{1,12}(?:\.[0-9]{1,2})?$"
_SEPARATOR = "\x1f"

Rule = tuple[str, str, pl.Expr]  # header of the column, reason, where it is broken


@dataclass(frozen=True)
class Checked:
    """Rows apart: ``good`` may be delivered, ``faulty`` and ``misshapen`` are quarantined. ``faults`` is cut at
    FAULTS_KEPT, the counts are not. ``constants`` hold for every row."""

    good: pl.DataFrame
    faulty: pl.DataFrame
    misshapen: list[MisshapenRow]
    faults: list[Fault]
    constants: dict[str, str]

    @property
    def quarantined(self) -> int:
        return self.faulty.height + len(self.misshapen)


def check(file: ReadFile, kind: ReportKind, *, as_of: date) -> Checked:
    """Every row against the layout. Raises PublicationRefused if a row is of another day, or constants differ."""
    layout, rows = kind.layout, file.rows
    _same_day(rows, layout.by_key[kind.as_of_column], as_of)
    rules = list(_rules(layout))
    broken = rows.select(_flags(rules))
    wrong = broken.select(pl.any_horizontal(pl.all()).alias("wrong"))["wrong"]
    good, faulty = rows.filter(~wrong), rows.filter(wrong)
    constants = _constants(good, layout)
    faults = _faults(rows[LINE].filter(wrong), broken.filter(wrong), rules) + _shape_faults(file)
    faults.sort(key=lambda fault: fault.line)
    return Checked(good, faulty, file.misshapen, faults[:FAULTS_KEPT], constants)


def _same_day(rows: pl.DataFrame, column: Column, as_of: date) -> None:
    other = rows.filter(pl.col(column.key) != as_of.isoformat())
    if other.height:
        raise PublicationRefused(
            f"line {other[LINE][0]}, {column.header}: is not {as_of.isoformat()}, the day of this publication"
            f" ({other.height} of {rows.height} rows)"
        )


def _constants(good: pl.DataFrame, layout: Layout) -> dict[str, str]:
    """The one value of each constant column; a second one would be lost, so it refuses the file."""
    found = {}
    for column in (column for column in layout.columns if column.constant):
        values = good[column.key]
        found[column.key] = str(values[0]) if values.len() else ""
        other = good.filter(pl.col(column.key) != found[column.key])
        if other.height:
            raise PublicationRefused(
                f"line {other[LINE][0]}, {column.header}: has another value than the rows before; one file has one"
            )
    return found


def _rules(layout: Layout) -> Iterator[Rule]:
    for column in layout.columns:
        for reason, where in _column_rules(column, layout):
            yield column.header, reason, where
    yield _identity_rule(layout)


def _column_rules(column: Column, layout: Layout) -> Iterator[tuple[str, pl.Expr]]:
    cell, filled = pl.col(column.key), pl.col(column.key) != ""
    if column.required:
        yield "is blank and is required", ~filled
    if column.pattern:
        yield "does not have the form that is declared", filled & ~cell.str.contains(rf"\A(?:{column.pattern})\z")
    if column.allowed:
        yield "is not one of the allowed values", filled & ~cell.is_in(list(column.allowed))
    if wrong := _type_rule(column):
        yield wrong[0], filled & wrong[1]
    yield from _limits(column, layout, filled)


def _type_rule(column: Column) -> tuple[str, pl.Expr] | None:
    cell = pl.col(column.key)
    match column.type:
        case "date":
            return "is no date (YYYY-MM-DD)", ~cell.str.contains(DATE) | _as_date(cell).is_null()
        case "timestamp":
            return "is no moment (YYYY-MM-DDTHH:MM:SSZ)", ~cell.str.contains(TIMESTAMP) | _as_moment(cell).is_null()
        case "int":
            return "is no whole number", ~cell.str.contains(INTEGER)
        case "decimal":
            return "is no number", ~cell.str.contains(DECIMAL)
        case "money":
            return "is no amount (at most two decimals)", ~cell.str.contains(MONEY)
        case "yes_no":
            return "is neither Y nor N", ~cell.is_in(["Y", "N"])
        case "text":
            return f"is longer than {LONGEST_TEXT} signs", cell.str.len_chars() > LONGEST_TEXT
        case _:
            return None  # enum: the allowed values say it all


def _limits(column: Column, layout: Layout, filled: pl.Expr) -> Iterator[tuple[str, pl.Expr]]:
    number = _number(column)
    if column.minimum is not None:
        yield f"is below {column.minimum}", filled & (number < _limit(column.minimum))
    if column.maximum is not None:
        yield f"is above {column.maximum}", filled & (number > _limit(column.maximum))
    if column.at_most:
        other = layout.by_key[column.at_most]
        both = filled & (pl.col(other.key) != "")
        yield f"is more than {other.header}", both & (number > _number(other))


def _number(column: Column) -> pl.Expr:
    """Exact up to 15 digits: whole units of a millionth. Null where the cell is no number (another rule tells)."""
    return pl.col(column.key).cast(pl.Decimal(24, 6), strict=False)


def _limit(value: Decimal) -> pl.Expr:
    return pl.lit(value).cast(pl.Decimal(24, 6))


def _as_date(cell: pl.Expr) -> pl.Expr:
    return cell.str.to_date("%Y-%m-%d", strict=False)


def _as_moment(cell: pl.Expr) -> pl.Expr:
    whole = cell.str.replace(r"Z$", "+00:00").str.replace(r"\.[0-9]+", "")
    return whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_zone="UTC")


def identity(layout: Layout) -> pl.Expr:
    """What makes a row the same row, as one text."""
    parts = []
    for keys in layout.identity_parts:
        part = pl.col(keys[-1])
        for key in reversed(keys[:-1]):
            part = pl.when(pl.col(key) != "").then(pl.col(key)).otherwise(part)
        parts.append(part)
    return pl.concat_str(parts, separator=_SEPARATOR)


def _identity_rule(layout: Layout) -> Rule:
    names = ", ".join(" or ".join(layout.by_key[key].header for key in keys) for keys in layout.identity_parts)
    return names, "the same row stands more than once", identity(layout).is_duplicated()


def _flags(rules: list[Rule]) -> list[pl.Expr]:
    return [where.fill_null(False).alias(str(number)) for number, (_, _, where) in enumerate(rules)]


def _faults(lines: pl.Series, broken: pl.DataFrame, rules: list[Rule]) -> list[Fault]:
    """The first FAULTS_KEPT faulty rows, every broken rule of each."""
    lines, broken = lines.head(FAULTS_KEPT), broken.head(FAULTS_KEPT)
    found = []
    for number, (header, reason, _) in enumerate(rules):
        found += [Fault(line, header, reason) for line in lines.filter(broken[str(number)])]
    return found


def _shape_faults(file: ReadFile) -> list[Fault]:
    expected = len(file.keys)
    return [
        Fault(
            row.line, f"column {min(len(row.cells), expected) + 1}", f"has {len(row.cells)} cells instead of {expected}"
        )
        for row in file.misshapen[:FAULTS_KEPT]
    ]
