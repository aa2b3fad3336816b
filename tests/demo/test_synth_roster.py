import re
from collections import Counter, defaultdict
from datetime import date, timedelta

from tests.demo.synth_exchange import LAST, Row, Weeks


def agencies(roster: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in roster:
        if row["agency_license"]:
            found[row["agency_license"]].append(row)
    return found


def test_every_license_has_the_valid_grammar_and_stands_once(exchange: Weeks) -> None:
    licenses = [row["license"] for row in exchange.roster]
    assert all(re.fullmatch(exchange.profile.license_pattern, license) for license in licenses)
    assert all(re.fullmatch(r"[01][A-J][0-9]{5}|4[0-9]{6}", license) for license in licenses)
    assert len(set(licenses)) == len(licenses) == 150


def test_the_roster_fits_its_declared_layout(exchange: Weeks) -> None:
    for column in exchange.profile.roster.columns:
        cells = [row[column.key] for row in exchange.roster]
        assert not column.required or all(cells)
        assert not column.pattern or all(re.fullmatch(column.pattern, cell) for cell in cells if cell)
        assert not column.allowed or set(cells) <= set(column.allowed)


def test_three_or_more_were_certified_in_the_week_before_the_last_monday(exchange: Weeks) -> None:
    week = {(LAST - timedelta(days=back)).isoformat() for back in range(1, 8)}
    fresh = [row for row in exchange.roster if row["certified_on"] in week]
    assert len(fresh) == 3
    assert {row["status"] for row in fresh} == {"certified"}
    assert all(row["license"].startswith("4") for row in fresh)


def test_most_are_certified_long_ago_and_some_are_in_every_other_state(exchange: Weeks) -> None:
    statuses = Counter(row["status"] for row in exchange.roster)
    assert set(statuses) == {"certified", "pending", "suspended", "decertified"}
    assert statuses["certified"] > 0.8 * len(exchange.roster)
    for row in exchange.roster:
        assert (row["certified_on"] == "") is (row["status"] == "pending")
        assert row["certified_on"] <= row["status_on"] < LAST.isoformat()
        assert date.fromisoformat(row["status_on"])


def test_agencies_have_several_agents_and_a_manager_others_work_alone(exchange: Weeks) -> None:
    groups = agencies(exchange.roster)
    assert groups
    for members in groups.values():
        assert len(members) > 1
        assert any(row["role"] == "agency_manager" for row in members)
        assert len({row["agency_name"] for row in members}) == 1
    alone = [row for row in exchange.roster if not row["agency_license"]]
    assert alone
    assert {(row["agency_name"], row["role"]) for row in alone} == {("Agency of One", "agent")}
    assert not groups.keys() & {row["license"] for row in exchange.roster}


def test_one_mailbox_serves_several_agents_of_one_agency_only(exchange: Weeks) -> None:
    shared = defaultdict(list)
    for row in exchange.roster:
        shared[row["email"]].append(row["agency_license"])
    several = [homes for homes in shared.values() if len(homes) > 1]
    assert several
    assert all(len(set(homes)) == 1 and homes[0] for homes in several)


def test_only_certified_agents_have_cases_and_the_sizes_are_as_uneven_as_in_life(exchange: Weeks) -> None:
    certified = {row["license"] for row in exchange.roster if row["status"] == "certified"}
    for rows in (*exchange.books, *exchange.conditionals):
        assert {row["agent_license"] for row in rows} <= certified
    cases = {row["case_number"]: row["agent_license"] for row in exchange.books[0]}
    sizes = sorted(Counter(cases.values()).values())
    assert sizes[-1] > 8 * sizes[len(sizes) // 2]
    assert len(sizes) < len(exchange.roster)


def test_the_agents_name_number_and_agency_in_the_book_are_those_of_the_roster(exchange: Weeks) -> None:
    known = {row["license"]: row for row in exchange.roster}
    for row in exchange.books[-1]:
        agent = known[row["agent_license"]]
        assert row["agent_name"] == f"{agent['first_name']} {agent['last_name']}"
        assert (row["agent_npn"], row["agency_name"]) == (agent["npn"], agent["agency_name"])
