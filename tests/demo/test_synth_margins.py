"""The published figures come out again; tolerances are about three standard errors of a draw of 2,500 cases."""

import csv
import tomllib
from collections import Counter
from datetime import date
from typing import Any

import pytest

from tests.demo.synth_exchange import PROFILE, Row, Weeks

FIGURES: dict[str, Any] = tomllib.loads((PROFILE / "synthetic" / "margins.toml").read_text(encoding="utf-8"))


def rows_of(name: str) -> list[Row]:
    with (PROFILE / "synthetic" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def lives(exchange: Weeks) -> list[Row]:
    return list({row["member_id"]: row for row in exchange.books[0] if row["coverage_type"] == "Health"}.values())


def assert_near(found: list[str], margin: dict[str, list[int]], tolerance: float) -> None:
    counts, whole = Counter(found), sum(sum(pair) for pair in margin.values())
    assert counts.keys() <= margin.keys()
    for name, pair in margin.items():
        assert counts[name] / len(found) == pytest.approx(sum(pair) / whole, abs=tolerance), name


@pytest.mark.parametrize(
    ("column", "margin", "tolerance"),
    [
        ("gender", "gender", 0.025),
        ("language_spoken", "language_spoken", 0.025),
        ("language_written", "language_written", 0.025),
        ("issuer_name", "issuer", 0.035),
        ("metal_level", "metal_level", 0.03),
        ("rating_region", "region", 0.03),
    ],
)
def test_members_are_spread_as_the_exchange_published(
    exchange: Weeks, column: str, margin: str, tolerance: float
) -> None:
    assert_near([row[column] for row in lives(exchange)], FIGURES[margin], tolerance)


def test_ages_are_spread_as_published(exchange: Weeks) -> None:
    bands = [tuple(map(int, name.split("-"))) for name in FIGURES["age"]]
    drawn = [(date(2026, 11, 9) - date.fromisoformat(row["date_of_birth"])).days // 365.25 for row in lives(exchange)]
    found = [next(f"{low}-{high}" for low, high in bands if low <= age <= high) for age in drawn]
    assert_near(found, FIGURES["age"], 0.035)


def test_subsidy_and_income_are_spread_as_published(exchange: Weeks) -> None:
    with_subsidy = sum(pair[0] for pair in FIGURES["gender"].values()) / sum(map(sum, FIGURES["gender"].values()))
    cases = {row["case_number"]: row for row in exchange.books[0]}.values()
    share = sum(row["program"] != "Unsubsidized QHP" for row in cases) / len(cases)
    assert share == pytest.approx(with_subsidy, abs=0.025)
    bands = [tuple(map(int, name.split("-"))) for name in FIGURES["fpl"] if "-" in name]
    incomes = [
        next((f"{a}-{b}" for a, b in bands if row["fpl_percent"] and a <= float(row["fpl_percent"]) < b), "unknown")
        for row in cases
    ]
    assert_near(incomes, FIGURES["fpl"], 0.03)


def test_counties_are_spread_as_published(exchange: Weeks) -> None:
    margin = {row["county"]: [int(row["subsidised"]), int(row["unsubsidised"])] for row in rows_of("counties.csv")}
    assert_near([row["res_county"] for row in lives(exchange)], margin, 0.03)


def test_every_zip_lies_in_its_county_and_region(exchange: Weeks) -> None:
    places = {
        (row["county"], row["region"], row["zip3"] + part.partition(":")[0])
        for row in rows_of("zips.csv")
        for part in row["members"].split()
    }
    assert {(row["res_county"], row["rating_region"], row["res_zip"]) for row in exchange.books[-1]} <= places


def test_plans_are_real_and_sold_in_the_members_region(exchange: Weeks) -> None:
    plans = {row["hios_plan_id"]: row for row in rows_of("plans.csv")}
    variants = {"none": "", "94": "06", "87": "05", "73": "04", "AI/AN": "03"}
    for row in lives(exchange):
        plan = plans[row["hios_plan_id"][:14]]
        assert row["hios_plan_id"][14:] == variants[row["csr_level"]]
        for column, known in (("issuer_name", "issuer"), ("metal_level", "metal_level"), ("network_type", "network")):
            assert row[column] == plan[known]
        assert row["rating_region"] in {pair.partition(":")[0] for pair in plan["members"].split()}


def test_dental_plans_are_marked_as_invented_and_have_neither_tier_nor_network(exchange: Weeks) -> None:
    dental = [row for row in exchange.books[0] if row["coverage_type"] == "Dental"]
    assert dental
    for row in dental:
        assert "sample plan" in row["plan_name"]
        assert (row["metal_level"], row["network_type"]) == ("", "")


def test_lives_a_case_and_rows_a_life_are_those_of_the_real_exchange(exchange: Weeks) -> None:
    people = len({row["member_id"] for row in exchange.books[0]})
    assert people / 2_500 == pytest.approx(1.46, abs=0.05)
    assert len(exchange.books[0]) / people == pytest.approx(1.5, abs=0.05)
