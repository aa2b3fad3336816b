"""Check rows against the declared layout, column by column. Faulty rows go to quarantine; no value is ever told.

A chunk of rows is first asked whether any rule is broken in it; only then which rows are. A column with few different
values is asked once a value, and a value that was found good is not asked again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from extranet.profile.layouts import Column, Layout, ReportKind
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.chunk import Chunk, Fault, MisshapenRow, Places

FAULTS_KEPT = 1_000
LONGEST_TEXT = 32_767  # signs; what a cell of a spreadsheet holds
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
TIMESTAMP = r"^[0-9-]{10}T[0-9:]{8}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})$"
INTEGER = r"^-?[0-9]{1,15}$"
DECIMAL = r"^-?[0-9]{1,12}(?:\.[0-9]{1,6})?$"
MONEY = r"^-?[0-9]{1,12}(?:\.[0-9]{1,2})?$"
NO_FORM = "does not have the form that is declared"
_FEW = 4  # a column has few different values if there are this many times more rows
_KEPT = 512  # good values remembered a column: enough for places, plans and days; more are asked all at once
_PLAIN_MOMENT = "%Y-%m-%dT%H:%M:%SZ"

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """What a column must not be; ``where`` is true for rows that break it. ``probe`` is cheaper and true at least for
    those. ``is_alone``: it looks at no other column. ``closer``: what to say instead of some of the rows that break it,
    asked of those alone."""

    column: Column
    reason: str
    where: pl.Expr
    is_alone: bool = True
    probe: pl.Expr | None = None
    closer: tuple[tuple[str, pl.Expr], ...] = ()

    @property
    def asked(self) -> pl.Expr:
        return self.where if self.probe is None else self.probe


@dataclass(frozen=True)
class CheckedChunk:
    """A chunk with its faults told apart. ``is_good`` marks the rows of full width that may be delivered."""

    chunk: Chunk
    is_good: Mask
    faults: list[Fault]

    @property
    def good(self) -> pl.DataFrame:
        return self.chunk.rows if bool(self.is_good.all()) else self.chunk.rows.filter(pl.Series(self.is_good))

    @property
    def faulty(self) -> pl.DataFrame:
        return self.chunk.rows.filter(pl.Series(~self.is_good))

    @property
    def faulty_lines(self) -> Places:
        return self.chunk.lines[~self.is_good]

    @property
    def misshapen(self) -> list[MisshapenRow]:
        return self.chunk.misshapen

    @property
    def quarantined(self) -> int:
        return int(np.count_nonzero(~self.is_good)) + len(self.misshapen)


@dataclass
class Check:
    """The rules of one report for one day. Chunks come in the order of the file; ``constants`` hold for every row."""

    kind: ReportKind
    as_of: date
    constants: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rules = list(_rules(self.kind.layout))
        self._few: set[str] | None = None
        self._known: dict[str, set[str]] = {}

    def take(self, chunk: Chunk) -> CheckedChunk:
        """Every row of the chunk. Raises PublicationRefused if one is of another day, or constants differ."""
        self._same_day(chunk)
        is_good = np.ones(chunk.rows.height, bool)
        broken = [(rule, chunk.rows.select(_told(rule.where))["_"]) for rule in self._broken(chunk.rows)]
        for _, where in broken:
            is_good &= ~where.to_numpy()
        faults = _faults(chunk, is_good, broken) + _shape_faults(self.kind.layout, chunk)
        checked = CheckedChunk(chunk, is_good, sorted(faults, key=lambda fault: fault.line))
        self._same_constants(checked)
        return checked

    def _broken(self, rows: pl.DataFrame) -> list[Rule]:
        """The rules that some row breaks."""
        if not rows.height:
            return []
        few = self._columns_of_few(rows)
        rest = [rule for rule in self._rules if not (rule.is_alone and rule.column.key in few)]
        answers = rows.lazy().select(
            *(_told(rule.asked).any().alias(str(number)) for number, rule in enumerate(rest)),
            *(pl.col(key).unique().implode() for key in few),
        )
        found = answers.collect()
        suspects = [rule for number, rule in enumerate(rest) if found[str(number)][0]]
        return suspects + [rule for key in few for rule in self._broken_by(key, found[key][0])]

    def _broken_by(self, key: str, values: pl.Series) -> list[Rule]:
        """The rules of this column that one of these values breaks."""
        known = self._known.setdefault(key, set())
        if len(values) <= _KEPT:
            values = pl.Series(key, [value for value in values.to_list() if value not in known], dtype=pl.String)
        if not len(values):
            return []
        rows = values.alias(key).to_frame()
        rules = [rule for rule in self._rules if rule.is_alone and rule.column.key == key]
        broken = [rule for rule in rules if rows.select(_told(rule.where).any()).item()]
        if not broken and len(known) + len(values) <= _KEPT:
            known.update(values.to_list())
        return broken

    def _columns_of_few(self, rows: pl.DataFrame) -> set[str]:
        """Decided by the first rows of the file; which way is taken changes no answer."""
        if self._few is None:
            ruled = [column.key for column in self.kind.layout.columns if column.type != "text" or column.pattern]
            numbers = rows.select(pl.col(key).n_unique() for key in ruled).row(0)
            self._few = {key for key, number in zip(ruled, numbers, strict=True) if number * _FEW < rows.height}
        return self._few

    def _same_day(self, chunk: Chunk) -> None:
        column, day = self.kind.layout.by_key[self.kind.as_of_column], self.as_of.isoformat()
        other = chunk.rows[column.key] != day
        if other.any():
            line = chunk.lines[other.to_numpy()][0]
            raise PublicationRefused(
                f"line {line}, {column.header}: is not {day}, the day of this publication: publish each day by itself"
            )

    def _same_constants(self, checked: CheckedChunk) -> None:
        """The one value of each constant column; a second one would be lost, so it refuses the file."""
        if not checked.is_good.any():
            return
        good, lines = checked.good, checked.chunk.lines[checked.is_good]
        for column in (column for column in self.kind.layout.columns if column.constant):
            value = self.constants.setdefault(column.key, good[column.key][0])
            other = good[column.key] != value
            if other.any():
                line = lines[other.to_numpy()][0]
                raise PublicationRefused(
                    f"line {line}, {column.header}: has another value than the rows before; one file has"
                    " one: send a file each"
                )


def _told(where: pl.Expr) -> pl.Expr:
    return where.fill_null(False).alias("_")


def _rules(layout: Layout) -> Iterator[Rule]:
    for column in layout.columns:
        for reason, where in _column_rules(column):
            closer = tuple(_lookalikes(column)) if reason == NO_FORM else ()
            yield Rule(column, reason, where, probe=_probe(column, reason), closer=closer)
        if column.at_most:
            other = layout.by_key[column.at_most]
            both = (pl.col(column.key) != "") & (pl.col(other.key) != "")
            where = both & (_number(column) > _number(other))
            yield Rule(column, f"is more than {other.header}", where, is_alone=False)


def _column_rules(column: Column) -> Iterator[tuple[str, pl.Expr]]:
    cell, filled = pl.col(column.key), pl.col(column.key) != ""
    if column.required:
        yield "is blank and is required", ~filled
    if column.pattern:
        yield NO_FORM, filled & ~cell.str.contains(rf"\A(?:{column.pattern})\z")
    if column.allowed:
        yield "is not one of the allowed values", filled & ~cell.is_in(list(column.allowed))
    if wrong := _type_rule(column):
        yield wrong[0], filled & wrong[1]
    number = _number(column)
    if column.minimum is not None:
        yield f"is below {column.minimum}", filled & (number < _limit(column.minimum))
    if column.maximum is not None:
        yield f"is above {column.maximum}", filled & (number > _limit(column.maximum))


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
            too_long = cell.str.len_bytes() > LONGEST_TEXT  # quickly answered; signs are counted where bytes are many
            return f"is longer than {LONGEST_TEXT} signs", too_long & (cell.str.len_chars() > LONGEST_TEXT)
        case _:
            return None  # enum: the allowed values say it all


def _probe(column: Column, reason: str) -> pl.Expr | None:
    """Quickly right for the one form in which almost all moments come."""
    if column.type != "timestamp" or not reason.startswith("is no moment"):
        return None
    cell = pl.col(column.key)
    plain = cell.str.to_datetime(_PLAIN_MOMENT, strict=False).is_not_null() & (cell.str.len_bytes() == 20)
    return (cell != "") & ~plain


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


def _faults(chunk: Chunk, is_good: Mask, broken: list[tuple[Rule, pl.Series]]) -> list[Fault]:
    """The first FAULTS_KEPT faulty rows, every broken rule of each."""
    places = np.flatnonzero(~is_good)[:FAULTS_KEPT]
    lines = chunk.lines[places]
    return [
        Fault(line, rule.column.header, reason)
        for rule, where in broken
        for line, reason in _told_of(rule, chunk.rows, lines, places, where.to_numpy()[places])
    ]


def _told_of(rule: Rule, rows: pl.DataFrame, lines: Places, places: Places, breaks: Mask) -> Iterator[tuple[int, str]]:
    """Line and reason of each of these rows that breaks the rule."""
    reasons = [rule.reason] * len(places)
    if rule.closer and breaks.any():
        some = rows[places.astype(np.uint32)]
        for reason, where in reversed(rule.closer):
            for place in np.flatnonzero(some.select(_told(where))["_"].to_numpy()).tolist():
                reasons[place] = reason
    return ((int(lines[place]), reasons[place]) for place in np.flatnonzero(breaks).tolist())


def _lookalikes(column: Column) -> Iterator[tuple[str, pl.Expr]]:
    """A letter typed for the digit that looks like it: with the digit, the cell has the declared form."""
    cell, form = pl.col(column.key), rf"\A(?:{column.pattern})\z"
    zeros = cell.str.replace_all("[Oo]", "0")
    yield "has the letter O where a zero belongs: write the digit 0", zeros.str.contains(form)
    digits = zeros.str.replace_all("[Il]", "1")
    yield "has a letter O, I or l where a digit belongs: write 0 or 1", digits.str.contains(form)


def _shape_faults(layout: Layout, chunk: Chunk) -> list[Fault]:
    expected = len(layout.columns)
    return [
        Fault(
            row.line, f"column {min(len(row.cells), expected) + 1}", f"has {len(row.cells)} cells instead of {expected}"
        )
        for row in chunk.misshapen[:FAULTS_KEPT]
    ]
