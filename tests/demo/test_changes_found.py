"""Every change that the synthetic exchange made is found in the agents' books, and none that it did not make."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from extranet.profile.layouts import ReportKind
from extranet.reports.changes.compare import Comparison, Side, compare
from extranet.reports.changes.record import CaseChange, RowChange, read_changes
from extranet.reports.header import Header, header_of
from extranet.reports.lines import block_of, canonical
from tests.demo.synth_exchange import BOOK, CONDITIONAL, LAST, Row, Weeks, write

Key = tuple[str, ...]
Cells = dict[str, tuple[str, str]]


@dataclass
class Report:
    """Two weeks of one report as the exchange wrote them, and what it says that it changed."""

    kind: ReportKind
    before: list[Row]
    after: list[Row]
    told: dict[str, Any]

    def owners(self) -> list[str]:
        return sorted({row[self.kind.agent_column] for row in (*self.before, *self.after)})

    def side(self, rows: list[Row], owner: str) -> Side:
        header = header_of(self.kind, as_of=date(2026, 11, 16), constants={})
        own = [row for row in rows if row[self.kind.agent_column] == owner]
        return Side(header, block_of(canonical([row[key] for key in header.stable]) for row in own))

    def compared(self) -> Iterator[tuple[str, Comparison]]:
        holders = {row[self.kind.case_column]: row[self.kind.agent_column] for row in self.after}
        for owner in self.owners():
            found = compare(
                before=self.side(self.before, owner),
                after=self.side(self.after, owner),
                elsewhere=lambda cases, owner=owner: [holders.get(case, owner) != owner for case in cases],  # type: ignore[misc]
            )
            yield owner, found


@dataclass
class Found:
    """All that the comparisons of all agents say, put together again."""

    cases: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: {"added": set(), "gone": set()})
    ended: set[str] = field(default_factory=set)
    rows: list[tuple[str, str, RowChange]] = field(default_factory=list)

    def take(self, owner: str, case: CaseChange) -> None:
        if case.state != "changed":
            self.cases[case.state].add((owner, case.case))
        if any(told.name == "delegation_ended" for told in case.told):
            self.ended.add(case.case)
        self.rows += [(owner, case.case, row) for row in case.rows if case.state == "changed"]


def reports(weeks: Weeks) -> Iterator[Report]:
    for slug, files in ((BOOK, weeks.books), (CONDITIONAL, weeks.conditionals)):
        for (before, after), told in zip(pairwise(files), weeks.changes, strict=True):
            yield Report(weeks.profile.reports[slug], before, after, told[slug])


def found_in(report: Report) -> Found:
    found = Found()
    for owner, comparison in report.compared():
        changes = read_changes(comparison.text)
        assert comparison.entries == len(changes.cases)
        for case in changes.cases:
            found.take(owner, case)
    return found


def case_and_agent(report: Report, rows: list[Row]) -> dict[str, str]:
    return {row[report.kind.case_column]: row[report.kind.agent_column] for row in rows}


def expected_rows(report: Report) -> list[tuple[str, str, str, Cells]]:
    """What the exchange says of rows, as the agents see it: (agent, case, state, cells that changed).

    Rows of cases that came, went or moved are told as cases; a policy that got its number is the same row.
    """
    old_agent, new_agent = case_and_agent(report, report.before), case_and_agent(report, report.after)
    kept = {case for case in old_agent if new_agent.get(case) == old_agent[case]}
    identity = report.kind.layout.identity_of
    old, new = ({identity(row): row for row in rows} for rows in (report.before, report.after))
    gone = {tuple(key) for key in report.told["rows_gone"] if key[0] in kept}
    added = {tuple(key) for key in report.told["rows_added"] if key[0] in kept}
    expected = [
        (new_agent[row["identity"][0]], row["identity"][0], "changed", {k: tuple(v) for k, v in row["fields"].items()})
        for row in report.told["rows_changed"]
        if row["identity"][0] in kept
    ]
    for was, became in numbered(gone, added, new):
        gone.remove(was)
        added.remove(became)
        left_out = report.told["left_out"]
        cells = {k: (old[was][k], new[became][k]) for k in old[was] if k not in left_out}
        changed = {k: pair for k, pair in cells.items() if pair[0] != pair[1]}
        expected.append((new_agent[was[0]], was[0], "changed", changed))
    expected += [(new_agent[key[0]], key[0], "added", {}) for key in added]
    expected += [(new_agent[key[0]], key[0], "gone", {}) for key in gone]
    return expected


def numbered(gone: set[Key], added: set[Key], new: dict[Key, Row]) -> list[tuple[Key, Key]]:
    """Pending rows, known by their plan, and what they became with a policy number."""
    waiting = {key[:3]: key for key in gone}
    pairs = [(waiting[key[:3]], key) for key in added if key[:3] in waiting]
    return [(was, became) for was, became in pairs if was[3:] == (new[became].get("hios_plan_id"),) and was != became]


def as_told(rows: list[tuple[str, str, RowChange]]) -> list[tuple[str, str, str, Cells]]:
    def cells(row: RowChange) -> Cells:
        return {one.key: (one.before, one.after) for one in row.fields} if row.state == "changed" else {}

    return [(owner, case, row.state, cells(row)) for owner, case, row in rows]


def in_order(rows: list[tuple[str, str, str, Cells]]) -> list[tuple[str, str, str, Cells]]:
    return sorted(rows, key=repr)


def assert_found_exactly(weeks: Weeks) -> int:
    total = 0
    for report in reports(weeks):
        found = found_in(report)
        old_agent, new_agent = case_and_agent(report, report.before), case_and_agent(report, report.after)
        moves = [(move["case"], move["from"], move["to"]) for move in report.told["cases_moved"]]
        came = {(new_agent[case], case) for case in report.told["cases_added"]} | {(to, case) for case, _, to in moves}
        went = {(old_agent[case], case) for case in report.told["cases_gone"]} | {(was, case) for case, was, _ in moves}
        assert found.cases == {"added": came, "gone": went}
        assert found.ended == {case for case, _, _ in moves}
        assert in_order(as_told(found.rows)) == in_order(expected_rows(report))
        total += len(found.rows) + len(came) + len(went)
    return total


def test_what_changed_in_three_weeks_is_found_and_nothing_else(exchange: Weeks) -> None:
    assert assert_found_exactly(exchange) > 400


def test_in_the_week_in_which_every_policy_begins_again_too(tmp_path: Path) -> None:
    assert assert_found_exactly(Weeks(write(tmp_path, cases=150, weeks=5, last_monday=date(2027, 1, 11)))) > 100


def test_a_gone_case_leaves_its_number_and_nothing_of_its_people(exchange: Weeks) -> None:
    gone = 0
    for report in reports(exchange):
        for owner, comparison in report.compared():
            own = [row for row in report.before if row[report.kind.agent_column] == owner]
            for case in (one for one in read_changes(comparison.text).cases if one.state == "gone"):
                gone += 1
                assert case.rows == ()
                lost = {row["member_id"] for row in own if row["case_number"] == case.case}
                assert lost
                assert not any(member.encode() in comparison.text for member in lost)
    assert gone > 20


def test_counts_hold_numbers_and_names_of_meanings_only(exchange: Weeks) -> None:
    for report in reports(exchange):
        names = {meaning.name for meaning in report.kind.meanings} | {"added", "gone", "changed", "other"}
        for _, comparison in report.compared():
            assert set(comparison.counts) <= names
            assert all(type(count) is int for count in comparison.counts.values())
            assert {"added", "gone", "changed"} <= set(comparison.counts)


@pytest.mark.parametrize("turned", [False, True])
def test_another_order_of_columns_makes_no_change(exchange: Weeks, turned: bool) -> None:
    """A week whose layout had its columns elsewhere is compared column by column."""
    report = next(reports(exchange))
    owner = report.owners()[0]
    after = report.side(report.after, owner)
    order = tuple(reversed(after.header.stable)) if turned else after.header.stable
    head = Header(**{**vars(after.header), "stable": order})
    own = [row for row in report.after if row[report.kind.agent_column] == owner]
    moved = Side(head, block_of(canonical([row[key] for key in order]) for row in own))
    assert own
    assert compare(before=moved, after=after, elsewhere=None).entries == 0
    assert LAST
