from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.demo.synth_exchange import BOOK, CONDITIONAL, Row, Weeks, differences, write

LEAVE = {BOOK: {"extract_date", "last_updated"}, CONDITIONAL: {"extract_date", "days_remaining"}}
LATE_JANUARY = date(2027, 1, 11)
IDENTITY = {
    BOOK: ["case_number", "member_id", "coverage_type", "policy_id|hios_plan_id"],
    CONDITIONAL: ["case_number", "member_id", "verification_type"],
}


def told(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "added": {tuple(key) for key in changes["rows_added"]},
        "gone": {tuple(key) for key in changes["rows_gone"]},
        "changed": {
            tuple(row["identity"]): {name: tuple(pair) for name, pair in row["fields"].items()}
            for row in changes["rows_changed"]
        },
    }


def agents(rows: list[Row]) -> dict[str, str]:
    return {row["case_number"]: row["agent_license"] for row in rows}


def assert_told_exactly(weeks: Weeks) -> None:
    for slug, files in ((BOOK, weeks.books), (CONDITIONAL, weeks.conditionals)):
        for (before, after), listed in zip(pairwise(files), weeks.changes, strict=True):
            assert set(listed[slug]["left_out"]) == LEAVE[slug]
            assert told(listed[slug]) == differences(before, after, identity=IDENTITY[slug], leave=LEAVE[slug])
            old, new = agents(before), agents(after)
            assert set(listed[slug]["cases_added"]) == new.keys() - old.keys()
            assert set(listed[slug]["cases_gone"]) == old.keys() - new.keys()
            moved = {(case, old[case], new[case]) for case in old.keys() & new.keys() if old[case] != new[case]}
            assert {(move["case"], move["from"], move["to"]) for move in listed[slug]["cases_moved"]} == moved


def test_the_changes_told_are_exactly_the_differences_between_the_files(exchange: Weeks) -> None:
    assert_told_exactly(exchange)
    assert [(one["from"], one["to"]) for one in exchange.changes] == [
        ("2026-11-09", "2026-11-16"),
        ("2026-11-16", "2026-11-23"),
    ]


def test_they_are_across_the_year_too_where_every_policy_begins_again(tmp_path: Path) -> None:
    from_december = Weeks(write(tmp_path, cases=150, weeks=5, last_monday=LATE_JANUARY))
    assert_told_exactly(from_december)
    assert {row["coverage_start"][:4] for row in from_december.books[0]} == {"2026"}
    assert {row["coverage_start"][:4] for row in from_december.books[-1]} == {"2027"}


def test_a_week_changes_about_as_much_as_in_life(exchange: Weeks) -> None:
    for (before, _), listed in zip(pairwise(exchange.books), exchange.changes, strict=True):
        cases, book = len(agents(before)), listed[BOOK]
        moved = {row["identity"][0] for row in book["rows_changed"]} | {key[0] for key in book["rows_gone"]}
        assert 0.010 <= len(book["cases_added"]) / cases <= 0.020
        assert 0.004 <= len(book["cases_gone"]) / cases <= 0.018
        assert 0.025 <= len(moved - set(book["cases_gone"])) / cases <= 0.065
        assert 1 <= len(book["cases_moved"]) <= 0.006 * cases


def test_all_kinds_of_events_happen(exchange: Weeks) -> None:
    fields: dict[str, set[str]] = {}
    for listed in exchange.changes:
        for row in listed[BOOK]["rows_changed"]:
            for name, (_, new) in row["fields"].items():
                fields.setdefault(name, set()).add(new)
    assert "Terminated" in fields["enrollment_status"]
    assert {"1", "2"} & fields["grace_month"]
    assert {"Y", "N"} <= fields["conditional_flag"]
    expected = {"member_premium", "applied_aptc", "res_address_1", "agent_license", "coverage_end", "paid_through"}
    assert expected <= fields.keys()
    proofs = [row["fields"] for listed in exchange.changes for row in listed[CONDITIONAL]["rows_changed"]]
    assert any(fields.get("status", ["", ""])[1] == "Verified" for fields in proofs)


def test_newly_certified_agents_have_their_first_cases_in_the_last_week(exchange: Weeks) -> None:
    fresh = {row["license"] for row in exchange.roster if row["certified_on"] >= "2026-11-16"}
    assert not fresh & {row["agent_license"] for book in exchange.books[:-1] for row in book}
    assert fresh & {row["agent_license"] for row in exchange.books[-1]}


@pytest.mark.parametrize("week", [1, 2])
def test_last_updated_moves_for_changed_rows_and_for_no_other_case(exchange: Weeks, week: int) -> None:
    def moments(rows: list[Row]) -> dict[tuple[str, ...], str]:
        return {(row["case_number"], row["member_id"], row["hios_plan_id"]): row["last_updated"] for row in rows}

    before, after = moments(exchange.books[week - 1]), moments(exchange.books[week])
    listed = exchange.changes[week - 1][BOOK]
    touched = {row["identity"][0] for row in listed["rows_changed"]} | {key[0] for key in listed["rows_added"]}
    for key in before.keys() & after.keys():
        assert (before[key] != after[key]) is (key[0] in touched)
        assert after[key][:10] < exchange.written.weeks[week].as_of.isoformat()
