"""Default deny, tried: every address as a stranger, an agent and each role of staff, against the declared rules."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from extranet.audit.models import Event
from extranet.credentials import sessions
from extranet.credentials.agreement import version_in_force
from extranet.credentials.models import Account, StaffRole
from extranet.web.permissions import Route, example_of, permissions_page, routes
from tests.credentials.people import new_account, new_staff
from tests.web.people import browser

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "permissions.md"
VALUES = {"str": "1H10001", "slug": "book-of-business", "uuid": str(UUID(int=7)), "int": "1", "path": "x"}
PORTAL = routes("extranet.urls")
WRITE_IT = (
    "DJANGO_SETTINGS_MODULE=tests.settings python -m django shell -v 0 -c 'from extranet.web.permissions import *;"
    ' print(permissions_page(routes("extranet.urls")), end="")\' > docs/reference/permissions.md'
)
LEAVING = {"logout"}  # ends the session that the walk goes on with


def enter(account: Account, *, now: datetime) -> Client:
    """A browser with a live session, agreement accepted, second factor given; the ways in have tests of their own."""
    client = browser()
    if account.agent_id:
        Account.objects.filter(pk=account.pk).update(agreement_version=version_in_force())
    client.force_login(account, backend="extranet.credentials.sessions.GateBackend")
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    sessions.begin(account=account, session_key=key, network="", browser="", now=now, second_factor=True)
    return client


def outcome(client: Client, route: Route) -> str:
    """What the rule did: led to the login, asked for a token, refused, or let in (whatever the page then says)."""
    answer = client.get(example_of(route.address, VALUES))
    if answer.status_code == 302 and answer.headers["Location"].startswith("/login/?"):
        return "login"
    if answer.status_code in (401, 429):  # after some failures it has to wait
        return "token"
    return "refused" if answer.status_code == 403 else "in"


def expected(route: Route, account: Account | None) -> str:
    assert route.rule is not None
    if route.rule.gate is not None:
        return "token"  # no session counts there; who has a token: tests/api
    if route.rule.anybody:
        return "in"
    if account is None:
        return "login"
    return "in" if route.rule.admits(account) else "refused"


def test_every_address_declares_a_rule() -> None:
    everywhere = [*PORTAL, *routes("extranet.web.reset_site.host_urls"), *routes("extranet.demo.urls")]
    assert len(everywhere) > 40
    assert [route for route in everywhere if route.rule is None] == []


@pytest.mark.parametrize("who", ["stranger", "agent", *StaffRole.values])
def test_every_address_admits_whom_its_rule_names_and_nobody_else(db: None, now: datetime, who: str) -> None:
    with time_machine.travel(now, tick=False):
        account = None
        if who == "agent":
            account = new_account("1H10001", now=now)
        elif who != "stranger":
            account = new_staff(now=now)
            Account.objects.filter(pk=account.pk).update(role=who)
            account.refresh_from_db()
        client = enter(account, now=now) if account else browser()
        walked = [route for route in PORTAL if route.name not in LEAVING]
        found = {route.address: outcome(client, route) for route in walked}
    assert found == {route.address: expected(route, account) for route in walked}


def test_a_refused_page_is_in_the_trail(db: None, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        enter(new_account("1H10001", now=now), now=now).get("/staff/audit/")
    assert Event.objects.filter(action="access:page:refused", subject="/staff/audit/").count() == 1


def test_no_role_of_staff_can_open_a_book() -> None:
    books = [route for route in PORTAL if route.address.startswith("reports/")]
    assert len(books) >= 2
    assert not [route for route in books if route.rule is None or route.rule.roles or route.rule.anybody]


def test_the_reference_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == permissions_page(PORTAL), f"run: {WRITE_IT}"
