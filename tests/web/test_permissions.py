"""Default deny, tried: every address as each kind of person, against the table of the reference page."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials import api_tokens, sessions
from extranet.credentials.agreement import version_in_force
from extranet.credentials.book_grants import grants_of
from extranet.credentials.models import Account, StaffRole
from extranet.reports.publish import publish
from extranet.web.access import BOOK, OWN
from extranet.web.permissions import (
    AGENCY,
    GRANTED,
    IN,
    LOGIN,
    NO,
    OWN_ONE,
    PERSONS,
    TOKEN,
    Route,
    example_of,
    matrix,
    permissions_page,
    routes,
)
from tests.credentials.agency import EXPORT, HARBOR, VALLEY, joins, new_agency_staff, new_manager, owner
from tests.credentials.people import new_account, new_staff
from tests.reports.exchange import ALICE, BOB, CHARLIE, MONDAY, book_row, csv_file
from tests.reports.exchange import BOOK as KIND
from tests.web.people import Answer, browser

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "permissions.md"
PORTAL = routes("extranet.urls")
WRITE_IT = (
    "DJANGO_SETTINGS_MODULE=tests.settings python -m django shell -v 0 -c 'from extranet.web.permissions import *;"
    ' print(permissions_page(routes("extranet.urls")), end="")\' > docs/reference/permissions.md'
)
LEAVING = {"logout"}  # ends the session that the walk goes on with
SPENDING = {"agency-staff-revoke", "agency-staff-link", "agency-staff-book-end", "agency-staff-grant-end"}
STAFF = {"service desk": StaffRole.SERVICE_DESK} | {role.value: role for role in StaffRole}
HEADS = {OWN_ONE, AGENCY, GRANTED, IN}


@cache
def table() -> dict[str, dict[str, str]]:
    return matrix(PAGE.read_text(encoding="utf-8"))


def enter(account: Account, *, now: datetime) -> Client:
    """A browser with a live session, agreement accepted, second factor given; the ways in have tests of their own."""
    client = browser()
    if not account.is_staff_member:
        Account.objects.filter(pk=account.pk).update(agreement_version=version_in_force())
    client.force_login(account, backend="extranet.credentials.sessions.GateBackend")
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    sessions.begin(account=account, session_key=key, network="", browser="", now=now, second_factor=True)
    return client


class Cast:
    """Alice with a book and staff of her own, Bob of another agency, Mona who manages Alice's, Nina who works for Mona
    and may open and download Alice's book."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.alice, self.bob = new_account(ALICE, now=now), new_account(BOB, now=now, first_name="Bob")
        self.mona = new_manager(CHARLIE, now=now)
        joins(self.alice, HARBOR, now=now)
        joins(self.bob, VALLEY, now=now)
        self.nina = new_agency_staff(self.mona, {owner(self.alice): EXPORT}, now=now)
        self.omar = new_agency_staff(self.alice, {owner(self.alice): EXPORT}, now=now, name="omar")
        (self.omars,) = grants_of(self.omar, now)
        rows = [book_row(ALICE, 1, last_name="Planted"), book_row(BOB, 2)]
        by = Actor("staff", "staff\\ada", "")
        publish(kind=KIND, source=csv_file(rows, KIND), as_of=MONDAY, by=by, now=now, release=True)

    def client(self, who: str) -> Client:
        if who == "nobody":
            return browser()
        if who == "API token":
            return self._program()
        if who in STAFF:
            account = new_staff(now=self.now)
            Account.objects.filter(pk=account.pk).update(role=STAFF[who])
            return enter(Account.objects.get(pk=account.pk), now=self.now)
        people = {"agent": self.alice, "other agent": self.bob, "agency manager": self.mona, "agency staff": self.nina}
        return enter(people[who], now=self.now)

    def _program(self) -> Client:
        account = new_staff(now=self.now)
        Account.objects.filter(pk=account.pk).update(role=StaffRole.PUBLISHER)
        made = api_tokens.make(account=account, name="job", by=Actor.system("test"), now=self.now)
        client = browser()
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {made.token}"
        return client

    def address(self, route: Route) -> str:
        """Alice's where an address is about somebody's book or staff, an invented one elsewhere."""
        rule = route.rule
        is_own = rule is not None and rule.subject == OWN
        ids = {"account_id": self.omar.pk, "grant_id": self.omars.pk} if is_own else {}
        values = {"str": ALICE, "slug": KIND, "uuid": str(UUID(int=7)), "int": "1", "path": "x"}
        path = example_of(route.address, values | {name: str(value) for name, value in ids.items()})
        return f"{path}?agent={ALICE}" if rule is not None and rule.subject == BOOK else path


@pytest.fixture
def cast(db: None, now: datetime) -> Iterator[Cast]:
    with time_machine.travel(now, tick=False):
        yield Cast(now)


def ask(client: Client, cast: Cast, route: Route) -> Answer:
    """As a person would: those pages that only take a button are sent one."""
    path = cast.address(route)
    return client.post(path) if route.name in SPENDING else client.get(path)


def outcome(answer: Answer, route: Route) -> str:
    """Led to the login, asked for a token, refused, or let in (whatever the page then says)."""
    if answer.status_code == 302 and answer.headers["Location"].startswith("/login/?"):
        return LOGIN
    if answer.status_code == 302 and answer.headers["Location"] == "/login/" and route.rule and not route.rule.anybody:
        return LOGIN  # what was a POST is not gone back to
    if answer.status_code in (401, 429):  # after some failures it has to wait
        return TOKEN
    is_about_somebody = route.rule is not None and route.rule.subject != ""
    refusals = (403, 404) if is_about_somebody else (403,)
    return NO if answer.status_code in refusals else IN


def test_every_address_declares_a_rule() -> None:
    everywhere = [*PORTAL, *routes("extranet.web.reset_site.host_urls"), *routes("extranet.demo.urls")]
    assert len(everywhere) > 40
    assert [route for route in everywhere if route.rule is None] == []


@pytest.mark.parametrize("who", PERSONS)
def test_every_address_admits_whom_its_rule_names_and_nobody_else(cast: Cast, who: str) -> None:
    client = cast.client(who)
    walked = [route for route in PORTAL if route.name not in LEAVING]
    found = {route.address: outcome(ask(client, cast, route), route) for route in walked}
    said = {f"{route.address}": table()[f"/{route.address}"][who] for route in walked}
    assert found == {address: IN if word in HEADS else word for address, word in said.items()}


@pytest.mark.parametrize("who", ["other agent", "publisher", "service desk", "auditor", "administrator", "nobody"])
def test_nothing_of_alices_book_is_on_any_page_of_who_may_not_open_it(cast: Cast, who: str) -> None:
    client = cast.client(who)
    pages = [ask(client, cast, route) for route in PORTAL if route.name not in LEAVING]
    assert [page.request["PATH_INFO"] for page in pages if b"Planted" in b"".join(page)] == []


def test_those_whom_the_table_lets_into_a_book_do_see_it(cast: Cast) -> None:
    """Or the walk before would prove nothing."""
    for who in ("agent", "agency manager", "agency staff"):
        assert "Planted" in cast.client(who).get(f"/reports/{KIND}/?agent={ALICE}").content.decode(), who


def test_agency_staff_and_managers_find_no_book_of_another_agency(cast: Cast) -> None:
    for who in ("agency manager", "agency staff"):
        client = cast.client(who)
        about_books = [route for route in PORTAL if route.rule is not None and route.rule.subject == BOOK]
        assert len(about_books) >= 3
        for route in about_books:
            path = cast.address(route).replace(ALICE, BOB)
            assert client.get(path).status_code == 404, (who, path)


def test_a_refused_page_is_in_the_trail(cast: Cast) -> None:
    cast.client("agent").get("/staff/audit/")
    assert Event.objects.filter(action="access:page:refused", subject="/staff/audit/").count() == 1


def test_no_role_of_staff_can_open_a_book() -> None:
    books = [route for route in PORTAL if route.address.startswith("reports/")]
    assert len(books) >= 2
    assert not [route for route in books if route.rule is None or route.rule.roles or route.rule.anybody]


def test_every_page_of_a_book_says_that_it_is_one() -> None:
    """Only then the walk asks for Alice's."""
    about: list[Any] = [route.rule.subject for route in PORTAL if route.rule and route.address.startswith("reports/")]
    assert set(about) == {BOOK}


def test_the_reference_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == permissions_page(PORTAL), f"run: {WRITE_IT}"
