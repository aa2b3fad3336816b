"""Values that nobody types: no page fails over them, on either database. Attackers look first where one does."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from django.utils import timezone

from extranet.credentials.models import StaffRole
from tests.credentials.people import new_account
from tests.web.people import signed_in
from tests.web.staff.people import at_work, staff_account
from tests.web.test_attack_routes import ALL, SAMPLES, Route

NAMES = (
    *("week", "agent", "columns", "sort", "view", "page", "kind", "state", "about", "number", "request", "to", "q"),
    *("action", "actor", "subject", "day", "before", "next", "ended", "walk", "format", "status", "metal_tier"),
)
NOTHING, TORN = "\0", b"\xed\xa0\x80"  # a sign that some databases refuse, half of a sign
VALUES = [NOTHING, TORN, "9999-12-31", "9" * 40]
TEXTS = ("license", "number", "name", "token")
POSTED = (
    *("username", "password", "code", "search", "text", "old", "new", "again", "version", "request", "note", "reason"),
    *(
        "new_email",
        "email",
        "license",
        "telephone",
        "name",
        "sha256",
        "after",
        "how",
        "chosen",
        "role",
        "as_of",
        "kind",
    ),
)


@pytest.fixture
def inside(db: None) -> dict[str, Client]:
    now = timezone.now()
    people = {role: at_work(staff_account(role.replace("_", ""), role, now=now)) for role in StaffRole.values}
    return people | {"agent": signed_in(new_account("4000001", now=now))}


def admitted(inside: dict[str, Client], route: Route) -> Client:
    role = next((role for role in StaffRole.values if role in route.rule.roles), "agent")
    return inside["agent" if route.rule.agents or route.rule.anybody else role]


def strange_paths(route: Route) -> list[str]:
    strange = [quote(value) for value in (NOTHING, "x" * 300)]
    return [
        route.path.replace(SAMPLES[name], value) for name in TEXTS for value in strange if SAMPLES[name] in route.path
    ]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_no_page_fails_over_a_strange_question(value: Any, inside: dict[str, Client]) -> None:
    query = urlencode(dict.fromkeys(NAMES, value))
    for route in ALL:
        if "logout" not in route.path:
            assert admitted(inside, route).get(f"{route.path}?{query}").status_code < 500, route.path


def test_no_page_fails_over_a_strange_address(inside: dict[str, Client]) -> None:
    for route in ALL:
        for path in strange_paths(route):
            assert admitted(inside, route).get(path).status_code < 500, path
            assert admitted(inside, route).post(path).status_code < 500, path


ALONE = (
    ("agent", "/reports/book-of-business/?agent=%00"),
    ("agent", "/reports/book-of-business/download/?agent=%00"),
    (StaffRole.SERVICE_DESK, "/staff/requests/?number=%00"),
    (StaffRole.AUDITOR, "/staff/audit/?day=9999-12-31"),
)


@pytest.mark.parametrize(("who", "path"), ALONE)
def test_nor_over_one_that_comes_alone(who: str, path: str, inside: dict[str, Client]) -> None:
    assert inside[who].get(path).status_code < 500


def test_nor_over_a_search_for_nothing_that_can_be_typed(inside: dict[str, Client]) -> None:
    found = inside[StaffRole.SERVICE_DESK].post("/staff/agents/", {"search": "a\0b"}, follow=True)
    assert found.status_code == 200


def test_the_reset_host_answers_a_browser_that_brings_the_portals_cookie(inside: dict[str, Client]) -> None:
    """Two ports of one name share their cookies."""
    assert inside["agent"].get("/", headers={"host": "reset.test"}).status_code == 200


@pytest.mark.parametrize("value", [NOTHING, TORN], ids=["nothing", "torn"])
def test_no_form_fails_over_a_strange_answer(value: Any, inside: dict[str, Client]) -> None:
    for route in ALL:
        if "logout" not in route.path:
            typed = urlencode(dict.fromkeys(POSTED, value))
            answer = admitted(inside, route).post(route.path, typed, content_type="application/x-www-form-urlencoded")
            assert answer.status_code < 500, route.path
