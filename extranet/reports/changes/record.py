"""The sealed text of a comparison: one JSON object a line, the first says what the others mean.

::

    {"format":1,"kind":"book-of-business","title":"Book of Business","before":"2026-11-09","after":"2026-11-16",
     "fields":[["net_premium","Net Premium","money"]],"meanings":[["premium","Premium changed","...{by}",false,9]]}
    {"case":"5004300001","state":"changed","said":[],"rows":[
      {"state":"changed","who":["Ana Diaz","Health"],"said":[[0,0]],"fields":[[0,"10.00","12.00"]]}]}

Numbers in ``fields`` and ``said`` are places in the lists of the first line (of ``said``: meaning, then the place of
the field in the row that it speaks of, -1 for none). It stands by itself: any later layout reads it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from extranet.profile.layouts import ColumnType
from extranet.profile.meanings import Meaning
from extranet.reports.changes.meaning import Said
from extranet.reports.header import BookColumn, Header
from extranet.reports.refusals import IntegrityBroken

FORMAT = 1
State = Literal["added", "gone", "changed"]
STATES: tuple[State, ...] = get_args(State)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Field:
    """One cell that changed: texts as in the file, blank where there was nothing."""

    key: str
    header: str
    type: ColumnType
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """A meaning and the field it speaks of. ``rank``: 0 matters most."""

    name: str
    title: str
    words: str
    important: bool
    rank: int
    field: Field | None


@dataclass(frozen=True)
class RowChange:
    """One row of a case: a member on a policy, or a proof that is owed."""

    state: State
    who: tuple[str, ...]
    told: tuple[Told, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class CaseChange:
    """One case. Of a case that is gone there is its number and nothing else."""

    case: str
    state: State
    told: tuple[Told, ...]
    rows: tuple[RowChange, ...]

    def all_told(self) -> list[Told]:
        return [*self.told, *(told for row in self.rows for told in row.told)]


@dataclass(frozen=True)
class Changes:
    """What differs in one agent's book between two days. ``before`` is None where there was no book before."""

    kind: str
    title: str
    before: date | None
    after: date
    cases: tuple[CaseChange, ...] = field(repr=False)


class Record:
    """Gathers what was found, case by case, and makes the text of it. Only what occurs is listed in its head."""

    def __init__(self, before: Header | None, after: Header) -> None:
        self._before, self._after = before, after
        self._fields: dict[str, int] = {}
        self._listed: list[list[str]] = []
        self._meanings: dict[str, int] = {}
        self._said: list[list[object]] = []
        self._cases: list[str] = []
        self.counts: Counter[str] = Counter(dict.fromkeys(STATES, 0))

    @property
    def entries(self) -> int:
        return len(self._cases)

    def add(self, case: str, state: State, said: Iterable[Said], rows: Sequence[dict[str, object]]) -> None:
        """One case with its finished rows (``row``). Each meaning counts once a case."""
        told = [[self._meaning(meaning), -1] for meaning, _ in said]
        places: set[int] = {place for place, _ in told}
        for one in rows:
            places.update(place for place, _ in one["said"])  # type: ignore[attr-defined]  # made by row()
        self.counts[state] += 1
        self.counts.update(str(self._said[place][0]) for place in places)
        self._cases.append(_encode({"case": case, "state": state, "said": told, "rows": rows}))

    def row(
        self, state: State, who: list[str], said: Iterable[Said], fields: Iterable[tuple[BookColumn, str, str]]
    ) -> dict[str, object]:
        """One row of a case, for ``add``."""
        fields = list(fields)
        at = {column.key: place for place, (column, _, _) in enumerate(fields)}
        return {
            "state": state,
            "who": who,
            "said": [[self._meaning(meaning), at.get(key, -1)] for meaning, key in said],
            "fields": [[self._field(column), before, after] for column, before, after in fields],
        }

    def text(self) -> bytes:
        head = {
            "format": FORMAT,
            "kind": self._after.kind,
            "title": self._after.title,
            "before": self._before.as_of.isoformat() if self._before else None,
            "after": self._after.as_of.isoformat(),
            "fields": self._listed,
            "meanings": self._said,
        }
        return "\n".join([_encode(head), *self._cases, ""]).encode()

    def _field(self, column: BookColumn) -> int:
        place = self._fields.setdefault(column.key, len(self._listed))
        if place == len(self._listed):
            self._listed.append([column.key, column.header, column.type])
        return place

    def _meaning(self, meaning: Meaning) -> int:
        place = self._meanings.setdefault(meaning.name, len(self._said))
        if place == len(self._said):
            declared = self._after.meanings
            rank = declared.index(meaning) if meaning in declared else len(declared)
            self._said.append([meaning.name, meaning.title, meaning.words, meaning.important, rank])
        return place


def read_changes(text: bytes) -> Changes:
    """The comparison in that text; raises IntegrityBroken."""
    try:
        first, *lines = text.decode().removesuffix("\n").split("\n")
        head = json.loads(first)
        if head["format"] != FORMAT:
            raise IntegrityBroken("the changes of this publication have a format that this program does not read")
        cases = tuple(_case(head, json.loads(line)) for line in lines)
        before = date.fromisoformat(head["before"]) if head["before"] else None
        return Changes(head["kind"], head["title"], before, date.fromisoformat(head["after"]), cases)
    except (ValueError, KeyError, IndexError, TypeError):
        raise IntegrityBroken("a frame of changes holds something else") from None


def _case(head: dict[str, Any], line: dict[str, Any]) -> CaseChange:
    told = tuple(_told(head, place, None) for place, _ in line["said"])
    return CaseChange(line["case"], line["state"], told, tuple(_row(head, row) for row in line["rows"]))


def _row(head: dict[str, Any], row: dict[str, Any]) -> RowChange:
    fields = tuple(_field(head, place, before, after) for place, before, after in row["fields"])
    told = tuple(_told(head, place, fields[at] if at >= 0 else None) for place, at in row["said"])
    return RowChange(row["state"], tuple(row["who"]), told, fields)


def _told(head: dict[str, Any], place: int, of: Field | None) -> Told:
    name, title, words, important, rank = head["meanings"][place]
    return Told(name, title, words, important, rank, of)


def _field(head: dict[str, Any], place: int, before: str, after: str) -> Field:
    key, header, kind = head["fields"][place]
    return Field(key, header, kind, before, after)
