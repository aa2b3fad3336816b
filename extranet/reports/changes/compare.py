"""Compare one owner's lines in two publications: cases and rows that came, went and changed, and what it means.

Where nothing changed nothing is parsed: lines are compared as bytes, and only those that one side alone has are taken
apart, matched by identity and compared by typed value, so that another way to write the same number is no change.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from extranet.profile.meanings import When
from extranet.reports.changes.blocks import Row, cell_of, differing, parsed, taken
from extranet.reports.changes.meaning import Said, at, meanings_of
from extranet.reports.changes.plan import Identity, Places, Plan, plan_of
from extranet.reports.changes.record import Record
from extranet.reports.header import Header
from extranet.reports.values import typed

Elsewhere = Callable[[list[str]], list[bool]]
Rows = dict[str, list[Row]]
"""Rows by case number, in the order of the block."""


@dataclass(frozen=True)
class Side:
    """One owner's lines in one publication; ``stable`` is the stable block of the frame, blank where there are none."""

    header: Header
    stable: bytes = field(repr=False)


@dataclass(frozen=True)
class Comparison:
    """``text`` is what is sealed (record.py), ``entries`` its cases. ``counts``: cases ``added``, ``gone`` and
    ``changed``, and of each meaning by its name; numbers only."""

    text: bytes = field(repr=False)
    entries: int
    counts: dict[str, int]


def compare(*, before: Side | None, after: Side, elsewhere: Elsewhere | None) -> Comparison:
    """What changed for this owner; without ``before`` every case is new.

    ``elsewhere`` says of case numbers that are gone here whether they stand in the newer report under somebody else:
    then the delegation ended. None: nobody can tell. It is asked once at most, and only where a case is gone.
    """
    record = Record(before.header if before else None, after.header)
    if before is None or before.stable != after.stable or before.header.stable != after.header.stable:
        plan = _plan(before.header if before else after.header, after.header)
        _Found(plan, record).add(before.stable if before else b"", after.stable, elsewhere)
    return Comparison(record.text(), record.entries, dict(record.counts))


_last: list[tuple[Header, Header, Plan]] = []


def _plan(before: Header, after: Header) -> Plan:
    """A publication compares thousands of owners under the same two headers: the last plan is kept."""
    for old, new, plan in _last:
        if old is before and new is after:
            return plan
    plan = plan_of(before, after)
    _last[:] = [(before, after, plan)]
    return plan


@dataclass(frozen=True)
class _Found:
    """One comparison under way."""

    plan: Plan
    record: Record

    def add(self, before: bytes, after: bytes, elsewhere: Elsewhere | None) -> None:
        plan = self.plan
        apart = differing(_taken(before, plan.take_before), _taken(after, plan.take_after))
        old = _by_case(parsed(apart.before, len(plan.columns)), plan.case)
        new = _by_case(parsed(apart.after, len(plan.columns)), plan.case)
        standing = _standing(apart.common, plan.case, old.keys() ^ new.keys())
        for case, rows in new.items():
            if case in old or case in standing:
                self._changed(case, old.get(case, []), rows)
            else:
                self._added(case, rows)
        gone = [case for case in old if case not in new]
        for case in gone:
            if case in standing:
                self._changed(case, old[case], [])
        self._gone([case for case in gone if case not in standing], elsewhere)

    def _added(self, case: str, rows: list[Row]) -> None:
        self.record.add(case, "added", [self._at("case_added")], [self._came(row, []) for row in rows])

    def _gone(self, cases: list[str], elsewhere: Elsewhere | None) -> None:
        if not cases:
            return
        if elsewhere is None:
            whens: list[When] = ["case_away"] * len(cases)
        else:
            whens = ["case_ended" if is_there else "case_gone" for is_there in elsewhere(cases)]
        for case, when in zip(cases, whens, strict=True):
            self.record.add(case, "gone", [self._at(when)], [])

    def _changed(self, case: str, old: list[Row], new: list[Row]) -> None:
        """The rows of a case that stands on both sides; nothing is told where all of them say the same."""
        pairs, gone, added = _matched(self.plan, old, new)
        rows = [found for before, after in pairs if (found := self._pair(before, after))]
        rows += [self._came(row, [self._at("added")]) for row in added]
        rows += [self._went(row) for row in gone]
        if rows:
            self.record.add(case, "changed", [], rows)

    def _pair(self, before: Row, after: Row) -> dict[str, object] | None:
        columns = self.plan.columns
        places = [place for place in self.plan.compared if before[place] != after[place]]
        fields = [(columns[place], before[place], after[place]) for place in places]
        fields = [(column, a, b) for column, a, b in fields if typed(column, a) != typed(column, b)]
        if not fields:
            return None
        said = meanings_of({column.key: (a, b) for column, a, b in fields}, self.plan.declared)
        return self.record.row("changed", self._who(after), said, fields)

    def _came(self, row: Row, said: list[Said]) -> dict[str, object]:
        fields = [(self.plan.columns[place], "", row[place]) for place in self.plan.facts if row[place]]
        return self.record.row("added", self._who(row), said, fields)

    def _went(self, row: Row) -> dict[str, object]:
        fields = [(self.plan.columns[place], row[place], "") for place in self.plan.facts if row[place]]
        return self.record.row("gone", self._who(row), [self._at("gone")], fields)

    def _who(self, row: Row) -> list[str]:
        """The member's name as one, then what else tells the row from others of the same member."""
        name = " ".join([row[place] for place in self.plan.name if row[place]])
        return [name, *[row[place] for place in self.plan.which]]

    def _at(self, when: When) -> Said:
        return at(when, self.plan.declared)


def _taken(block: bytes, places: Places | None) -> bytes:
    return block if places is None else taken(block, places)


def _by_case(rows: Iterable[Row], place: int) -> Rows:
    cases: Rows = {}
    for row in rows:
        cases.setdefault(row[place], []).append(row)
    return cases


def _standing(common: set[bytes], place: int, candidates: set[str]) -> set[str]:
    """Those of the cases of which some row did not change at all."""
    if not candidates or not common:
        return set()
    wanted = {case.encode() for case in candidates}
    return {case.decode() for case in {cell_of(line, place) for line in common} & wanted}


def _matched(plan: Plan, old: list[Row], new: list[Row]) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
    """Rows that are the same row, then those of one side only; by identity first, then those that waited."""
    by_identity: dict[Identity, list[Row]] = {}
    for row in old:
        by_identity.setdefault(plan.identity_of(row), []).append(row)
    pairs, added = [], []
    for row in new:
        if before := by_identity.get(plan.identity_of(row)):
            pairs.append((before.pop(0), row))
        else:
            added.append(row)
    gone = [row for rows in by_identity.values() for row in rows]
    if gone and added:
        pairs += _waited(plan, gone, added)
    return pairs, gone, added


def _waited(plan: Plan, gone: list[Row], added: list[Row]) -> list[tuple[Row, Row]]:
    """A policy that was pending is known by its plan, and by its number once it has one: still the same row.

    Takes what it matches out of both lists.
    """
    pairs = []
    waiting: dict[Identity, tuple[Row, bool]] = {}
    for row in gone:
        last, is_waiting = plan.waiting(row)
        waiting.setdefault(last, (row, is_waiting))
    for row in list(added):
        last, is_waiting = plan.waiting(row)
        before, was_waiting = waiting.get(last, (None, False))
        if before is not None and is_waiting != was_waiting:
            pairs.append((before, row))
            del waiting[last]
            gone.remove(before)
            added.remove(row)
    return pairs
