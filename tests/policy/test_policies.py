"""The three named policies, the clock on requests, and what the numbers may not be."""

import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from extranet.env import Env
from extranet.policy import POLICIES, Policy, PolicyRefused, clock_state, due_at, overdue_at, policy_named

RECEIVED = datetime(2026, 3, 7, 18, 0, tzinfo=UTC)  # the clock goes forward that night
JOBAID = policy_named("jobaid")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "jobaid",
            {
                "password_days": 60,
                "warning_days": (10,),
                "second_factor_agents": "offered",
                "second_factor_staff": "required",
                "min_length_agent": 12,
                "min_length_staff": 15,
                "history": 6,
                "reset_gives": "generated",
                "third_mail": "password",
                "inactivity_days": 60,
                "release_persons": 1,
            },
        ),
        (
            "arc_ampe",
            {
                "password_days": 180,
                "warning_days": (10, 5, 3, 1),
                "second_factor_agents": "required",
                "second_factor_staff": "required",
                "min_length_agent": 12,
                "min_length_staff": 12,
                "history": 6,
                "reset_gives": "generated",
                "third_mail": "pickup",
                "inactivity_days": 60,
                "release_persons": 2,
            },
        ),
        (
            "nist_63b4",
            {
                "password_days": None,
                "warning_days": (),
                "second_factor_agents": "required",
                "second_factor_staff": "required",
                "min_length_agent": 15,
                "min_length_staff": 15,
                "history": 0,
                "reset_gives": "chosen",
                "third_mail": "pickup",
                "inactivity_days": 60,
            },
        ),
    ],
)
def test_the_named_policies_are_those_of_the_controls(name: str, expected: dict[str, Any]) -> None:
    policy = policy_named(name)
    assert {key: getattr(policy, key) for key in expected} == expected
    assert policy.name == name


def test_the_environment_offers_exactly_the_policies_there_are() -> None:
    assert get_args(Env.model_fields["policy"].annotation) == tuple(POLICIES)


def test_an_unknown_policy_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(PolicyRefused, match=r"'lax'; there are: jobaid, arc_ampe, nist_63b4"):
        policy_named("lax")


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ({"password_days": 10}, "warning_days must be less"),
        ({"warning_days": ()}, "warning_days must name"),
        ({"warning_days": (5, 10)}, "largest first"),
        ({"warning_days": (5, 5)}, "each once"),
        ({"warning_days": (5, 0)}, "above 0"),
        ({"warning_days": (60, 5)}, "warning_days must be less"),
        ({"guesses": -1}, "negative"),
        ({"overdue_hours": 24}, "overdue_hours"),
        ({"generated_password_bits": 79}, "generated_password_bits"),
        ({"release_persons": 3}, "release_persons"),
        ({"step_up_minutes": 30}, "second_factor_agents must be required"),
        ({"second_factor_agents": "required", "step_up_minutes": 0}, "step_up_minutes"),
        ({"quarantined_share": 1.01}, "share"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(numbers: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PolicyRefused, match=complaint):
        replace(JOBAID, **numbers)


@pytest.mark.parametrize(
    ("hours", "state"),
    [(0, "running"), (23.999, "running"), (24, "due"), (47.999, "due"), (48, "overdue"), (480, "overdue")],
)
def test_a_request_is_due_after_a_day_and_overdue_after_two(hours: float, state: str) -> None:
    assert clock_state(RECEIVED, None, RECEIVED + timedelta(hours=hours), JOBAID) == state


def test_the_clock_counts_hours_that_pass_also_in_the_night_of_23_hours() -> None:
    assert due_at(RECEIVED, JOBAID) == datetime(2026, 3, 8, 18, 0, tzinfo=UTC)
    assert overdue_at(RECEIVED, JOBAID) == datetime(2026, 3, 9, 18, 0, tzinfo=UTC)


def test_an_answered_request_has_no_clock_however_late_the_answer_was() -> None:
    late = RECEIVED + timedelta(days=9)
    assert clock_state(RECEIVED, late, late, JOBAID) == "answered"


def test_every_number_is_documented_with_its_values() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text()
    rows = {row[0].strip("` "): [cell.strip() for cell in row[1:4]] for row in _rows(page) if len(row) == 6}
    for setting in fields(Policy):
        if setting.name != "name":
            values = [_shown(getattr(policy, setting.name)) for policy in POLICIES.values()]
            assert rows[setting.name] == values, setting.name


def _rows(page: str) -> list[list[str]]:
    return [line.strip("|").split("|") for line in page.splitlines() if re.match(r"\| `[a-z_]+` \|", line)]


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "yes" if value is True else str(value)
