"""Stops before release: what in a file only a person can judge, with its figures beside those of the week before.

Pure: figures in, stops out; thresholds.py fetches what is compared. The numbers stand in policy.py (SI-10).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

from extranet.policy import Policy
from extranet.reports.figures import ColumnFigures, Figures

MOST_SIDES = 50  # lines of figures of one stop; the sentence says how many there are
NAMED = 3  # columns that the sentence names


@dataclass(frozen=True)
class Side:
    """One line of figures: of the week before, of this file, their difference, and the limit that it passed."""

    label: str
    before: str
    now: str
    difference: str
    limit: str = ""


@dataclass(frozen=True)
class Stop:
    """One reason to hold a file. ``text`` is the sentence, ``sides`` the figures; none of a consumer."""

    name: str
    text: str
    sides: tuple[Side, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For ``Publication.stops``."""
        return {"name": self.name, "text": self.text, "sides": [asdict(side) for side in self.sides]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Stop":
        return cls(stored["name"], stored["text"], tuple(Side(**side) for side in stored["sides"]))


@dataclass(frozen=True)
class OldBook:
    """The book that an agent had: whose it was, and how many rows."""

    license: str
    rows: int


@dataclass(frozen=True)
class Week:
    """The released week to compare with. ``books``: those large enough to compare, of agents certified now."""

    as_of: date
    rows: int
    figures: Figures
    books: Mapping[UUID, OldBook]


@dataclass(frozen=True)
class Arrived:
    """The file that was read. ``headers`` by column key; ``books``: rows by agent."""

    as_of: date
    expected: date
    rows: int
    quarantined: int
    delivered: int
    figures: Figures
    books: Mapping[UUID, int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def stops(file: Arrived, before: Week | None, policy: Policy) -> list[Stop]:
    """Why a person must look; empty if nobody must. Without a week before only what needs none."""
    found = chain(_of_itself(file, policy), _against(file, before, policy) if before else ())
    return list(found)


def _of_itself(file: Arrived, policy: Policy) -> Iterator[Stop]:
    if file.quarantined > file.rows * policy.quarantined_share:
        limit = f"{policy.quarantined_share:.0%}"
        share = f"{file.quarantined / file.rows:.1%}"
        side = Side("Faulty rows", "", f"{file.quarantined:,} of {file.rows:,}", share, limit)
        yield Stop("quarantined", f"{file.quarantined} of {file.rows} rows are faulty, more than {limit}", (side,))
    if not file.delivered:
        side = Side("Rows of certified agents", "", "0", "", "at least 1")
        yield Stop("nobody", "no row belongs to a certified agent", (side,))
    if file.as_of != file.expected:
        text = f"{_day(file.as_of)} is no day on which this report is expected; it is expected on {_day(file.expected)}"
        yield Stop("date", text, (Side("As of", "", _day(file.as_of), "", _day(file.expected)),))


def _against(file: Arrived, before: Week, policy: Policy) -> Iterator[Stop]:
    old, new = before.figures, file.figures
    yield from _number("rows", before.rows, file.rows, before.as_of, policy.rows_change_share)
    yield from _number("members", old.members, new.members, before.as_of, policy.members_change_share)
    yield from _shrunk(file, before, policy)
    yield from _filled(file, before, policy)
    yield from _mixed(file, before, policy)


def _number(name: str, before: int, now: int, as_of: date, limit: float) -> Iterator[Stop]:
    """More or fewer than the week before by more than the limit. Nothing before: nothing to compare."""
    if before and abs(now - before) > before * limit:
        text = f"{now} {name} against {before} in the publication of {as_of}: a change of more than {limit:.0%}"
        side = Side(name.title(), f"{before:,}", f"{now:,}", f"{(now - before) / before:+.1%}", f"±{limit:.0%}")
        yield Stop(name, text, (side,))


def _shrunk(file: Arrived, before: Week, policy: Policy) -> Iterator[Stop]:
    """Books that lost much, if they are more than a share of those compared."""
    lost = [(book, file.books.get(agent, 0)) for agent, book in before.books.items()]
    shrunk = [(book, now) for book, now in lost if book.rows - now >= book.rows * policy.book_shrink_share]
    if len(shrunk) <= len(before.books) * policy.book_shrink_agents_share:
        return
    limit = f"-{policy.book_shrink_share:.0%}"
    shrunk.sort(key=lambda pair: (pair[1] - pair[0].rows, pair[0].license))
    sides = (Side(b.license, f"{b.rows:,}", f"{now:,}", f"{now / b.rows - 1:+.1%}", limit) for b, now in shrunk)
    yield Stop(
        "agents_shrank",
        f"{_many(len(shrunk), 'agent')} of {len(before.books)} with at least {policy.book_shrink_rows} rows"
        f" in the publication of {before.as_of} lost {policy.book_shrink_share:.0%} of them or more",
        tuple(sides)[:MOST_SIDES],
    )


def _filled(file: Arrived, before: Week, policy: Policy) -> Iterator[Stop]:
    """Columns that are filled far more or less often, or of which nothing is left."""
    old, new = before.figures, file.figures
    if min(old.rows, new.rows) < policy.drift_rows:
        return
    drifted = []
    for key, column in _both(old, new):
        then, now = old.columns[key].filled / old.rows, column.filled / new.rows
        is_empty = not column.filled and old.columns[key].filled >= policy.drift_rows
        if abs(now - then) > policy.fill_drift_share or is_empty:
            limit = "not empty" if is_empty else _points(policy.fill_drift_share, sign="±")
            header = file.headers.get(key, key)
            drifted.append(
                (abs(now - then), header, Side(header, f"{then:.1%}", f"{now:.1%}", _points(now - then), limit))
            )
    if drifted:
        drifted.sort(key=lambda entry: (-entry[0], entry[1]))
        text = f"filled otherwise than in the publication of {before.as_of}: {_columns(drifted)}"
        yield Stop("column_fill", text, tuple(side for *_, side in drifted)[:MOST_SIDES])


def _mixed(file: Arrived, before: Week, policy: Policy) -> Iterator[Stop]:
    """Columns whose declared values are shared out otherwise, by half the sum of differences (total variation)."""
    old, new = before.figures, file.figures
    drifted = []
    for key, column in _both(old, new):
        moves = _moves(old.columns[key], column, policy.drift_rows)
        distance = sum(abs(now - then) for then, now in moves.values()) / 2
        if distance > policy.mix_drift_share:
            drifted.append((distance, file.headers.get(key, key), moves))
    if drifted:
        drifted.sort(key=lambda entry: (-entry[0], entry[1]))
        limit = _points(policy.mix_drift_share, sign="")
        sides = chain.from_iterable(_mix_sides(header, distance, moves, limit) for distance, header, moves in drifted)
        text = f"values mixed otherwise than in the publication of {before.as_of}: {_columns(drifted)}"
        yield Stop("column_mix", text, tuple(sides)[:MOST_SIDES])


def _moves(old: ColumnFigures, new: ColumnFigures, fewest: int) -> dict[str, tuple[float, float]]:
    """Share of each value then and now; nothing where either has too few rows to say anything."""
    then, now = sum(old.values.values()), sum(new.values.values())
    if min(then, now) < max(fewest, 1):
        return {}
    values = dict.fromkeys((*old.values, *new.values))
    return {value: (old.values.get(value, 0) / then, new.values.get(value, 0) / now) for value in values}


def _mix_sides(header: str, distance: float, moves: Mapping[str, tuple[float, float]], limit: str) -> Iterator[Side]:
    yield Side(f"{header}: all values", "", "", _points(distance, sign=""), limit)
    largest = sorted(moves.items(), key=lambda entry: -abs(entry[1][1] - entry[1][0]))
    for value, (then, now) in largest:
        if then != now:
            yield Side(f"{header}: {value}", f"{then:.1%}", f"{now:.1%}", _points(now - then))


def _both(old: Figures, new: Figures) -> Iterator[tuple[str, ColumnFigures]]:
    """Columns that both weeks have: a new layout is no drift."""
    return ((key, column) for key, column in new.columns.items() if key in old.columns)


def _columns(drifted: list[tuple[float, str, Any]]) -> str:
    names = ", ".join(header for _, header, _ in drifted[:NAMED])
    return names if len(drifted) <= NAMED else f"{names} and {len(drifted) - NAMED} more columns"


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _points(share: float, *, sign: str = "+") -> str:
    number = f"{share * 100:+.1f}" if sign == "+" else f"{sign}{share * 100:.1f}"
    return f"{number} points"


def _day(day: date) -> str:
    return f"{day:%A} {day.isoformat()}"
