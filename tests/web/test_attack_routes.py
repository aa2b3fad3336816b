"""Every address there is, asked for by people half-way in, by sessions that ended, and by another site's page.

That each rule admits whom it names and nobody else: test_permissions.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from extranet.credentials.disable import disable
from extranet.credentials.models import Account, StaffRole
from extranet.web.access import Rule
from tests.credentials.people import CHOSEN, DESK, new_account
from tests.web.people import browser, log_in, signed_in
from tests.web.staff.people import at_work, staff_account

NOBODYS = "11111111-1111-4111-8111-111111111111"
SAMPLES = {
    "kind": "book-of-business",
    "license": "4000009",
    "act": "unlock",
    "language": "en",
    "number": "R-CCCC-33",
    "name": "nobody",
    "token": "a" * 32,
    "rest": "nowhere",
    "passkey": "9",
    **dict.fromkeys(
        [
            "mail_id",
            "upload_id",
            "publication_id",
            "link_id",
            "token_id",
            "session_id",
            "account_id",
            "grant_id",
            "held_id",
        ],
        NOBODYS,
    ),
}
WITHOUT_TOKEN = {"/reset/arrive/"}  # comes from the other host; its Origin stands in for the token


@dataclass(frozen=True)
class Route:
    """One address with invented parts, and the view behind it."""

    path: str
    view: Any

    @property
    def rule(self) -> Rule:
        found: Rule = self.view.access
        return found


def routes(urlconf: str) -> list[Route]:
    return [Route(f"/{path}", view) for path, view in _walked(get_resolver(urlconf).url_patterns, "")]


def _walked(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walked(pattern.url_patterns, before + str(pattern.pattern))
            continue
        path = before + str(pattern.pattern)
        for name, converter in pattern.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
            path = path.replace(f"<{kind}:{name}>", SAMPLES[name])
        assert "<" not in path
        yield path, pattern.callback


ALL = routes("extranet.urls")
BY_TOKEN = [route for route in ALL if route.rule.gate is not None]  # no session, no form: tests/api
CLOSED = [route for route in ALL if not route.rule.anybody and route not in BY_TOKEN]
READ_ONLY = {"/api/v1/", "/api/v1/openapi.json"}


@pytest.fixture
def alice(db: None) -> Account:
    return new_account("4000001", now=timezone.now())


def test_the_walk_sees_the_house() -> None:
    assert len(CLOSED) > 35
    assert {route.rule.name for route in CLOSED} >= {
        "agents",
        "publishers",
        "service desk",
        "auditors",
        "administrators",
    }


def test_a_password_that_must_be_changed_opens_its_own_page_only(alice: Account) -> None:
    client = signed_in(alice)
    Account.objects.filter(pk=alice.pk).update(temporary=True)
    mine = [route for route in CLOSED if route.rule.agents and not route.rule.unfinished]
    assert len(mine) >= 4
    for route in mine:
        assert client.get(route.path)["Location"] == "/account/password/", route.path
        assert client.post(route.path)["Location"] == "/account/password/", route.path


def test_who_has_not_agreed_reads_the_agreement_only(alice: Account) -> None:
    client = signed_in(alice, agreed=False)
    for route in (route for route in CLOSED if route.rule.agents and not route.rule.unfinished):
        assert client.get(route.path)["Location"] == "/agreement/", route.path


def test_the_right_password_without_the_second_factor_opens_no_page(db: None) -> None:
    dora, client = staff_account("dora", StaffRole.SERVICE_DESK, now=timezone.now()), browser()
    assert log_in(client, dora, CHOSEN)["Location"] == "/login/second-factor/"
    for route in CLOSED:
        assert client.get(route.path)["Location"].startswith("/login/"), route.path


def test_an_ended_session_opens_nothing_any_more(alice: Account) -> None:
    client = signed_in(alice)
    stolen = {name: cookie.value for name, cookie in client.cookies.items()}
    disable(account=alice, reason="laptop stolen", by=DESK, now=timezone.now())
    for route in CLOSED:
        for name, value in stolen.items():
            client.cookies[name] = value
        assert client.get(route.path)["Location"].startswith("/login/"), route.path


def test_no_form_is_taken_without_its_token(alice: Account) -> None:
    """Whoever is asked by another site's page to send a form sends nothing: every address refuses the POST."""
    inside = {
        role: at_work(staff_account(role.replace("_", ""), role, now=timezone.now())) for role in StaffRole.values
    }
    inside["agent"] = signed_in(alice)
    for client in inside.values():
        client.handler.enforce_csrf_checks = True
    for route in ALL:
        if route in BY_TOKEN or route.path in READ_ONLY:
            status = inside["publisher"].post(route.path, {"file": "x"}).status_code
            assert status in ({405} if route.path in READ_ONLY else {401, 429}), route.path
            continue
        admitted = next((role for role in StaffRole.values if role in route.rule.roles), "agent")
        status = inside["agent" if route.rule.agents else admitted].post(route.path, {"file": "x"}).status_code
        assert status in ({302} if route.path in WITHOUT_TOKEN else {403}), route.path


@pytest.mark.parametrize(
    "path", ["/admin/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/demo/"]
)
def test_pages_of_frameworks_and_of_the_demonstration_do_not_exist(path: str, db: None) -> None:
    assert browser().get(path).status_code == 404
