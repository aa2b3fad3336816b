"""Forms, addresses and hosts of strangers, tried at every address that takes a form, and at every address at all."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client

from extranet.audit.models import Event
from extranet.credentials import api_tokens
from extranet.credentials.models import Account, StaffRole
from extranet.web.entering import safe_onward
from tests.credentials.people import DESK, new_account
from tests.web.people import browser, log_in
from tests.web.staff.people import staff_account
from tests.web.walking import Door, admitted, doors, everybody

ALL = doors()
API = [door for door in ALL if door.path.startswith("/api/")]
ARRIVE = "/reset/arrive/"  # takes the form of the reset host: no token, its Origin stands in for it
FORMS = [door for door in ALL if door.takes_forms and door not in API and door.path != ARRIVE]
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w{64})"')

PLACES = {
    "another site": {"origin": "https://evil.example"},
    "no site": {"origin": "null"},
    "a name that begins with ours": {"origin": "http://portal.test.evil.example"},
    "a name that ends with ours": {"origin": "http://evil-portal.test"},
    "another port": {"origin": "http://portal.test:8443"},
    "another scheme": {"origin": "ftp://portal.test"},
    "no address": {"origin": "http://[::1"},
    "another page": {"referer": "https://evil.example/page"},
    "a page that names us": {"referer": "https://evil.example/?http://portal.test/"},
    "a user name that looks like us": {"referer": "http://portal.test@evil.example/"},
    "cross-site, says the browser": {"sec-fetch-site": "cross-site"},
    "a neighbour's name, says the browser": {"sec-fetch-site": "same-site", "origin": "http://portal.test"},
}
ELSEWHERE = [
    "https://evil.example/",
    "HTTPS://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\u200b/evil.example",
    "/\x85/evil.example",
    "http:evil.example",
    "http:///evil.example",
    "https:/\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//portal.test@evil.example/",
    "https://portal.test@evil.example/",
    "https://portal.test.evil.example/",
    "https://evil.example#portal.test",
    "https://evil.example?portal.test",
    "//xn--vil-9ma.example",
    "//éviL.example",
    "//evil。example",
    "//evil%E3%80%82example",
    "//0x7f000001/",
    "//[::1]/",
    "ftp://evil.example",
    "%2F%2Fevil.example",
    "evil.example",
    "?next=//evil.example",
    "",
]
NAMES = (
    "next",
    "onward",
    "url",
    "to",
    "return",
    "return_to",
    "redirect",
    "redirect_uri",
    "continue",
    "r",
    "walk",
    "ended",
)


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


def own_token(client: Client, host: str = "portal.test") -> str:
    """Of a form that this browser was shown."""
    page = client.get("/support/" if host == "portal.test" else "/", headers={"host": host})
    found = TOKEN.search(page.content.decode())
    assert found
    return found[1]


def sent(client: Client, door: Door, token: str = "", **headers: str) -> int:
    fields = {"csrfmiddlewaretoken": token} if token else {"file": "x"}
    answer = client.post(door.path, fields, headers={"host": door.host, **headers})
    status: int = answer.status_code
    return status


@pytest.fixture
def people(db: None, now: datetime) -> Mapping[str, Client]:
    return everybody(now, csrf=True)


def who_in(door: Door, people: Mapping[str, Client]) -> Client:
    """Nobody leaves by the walk itself."""
    return people["stranger"] if door.path == "/logout/" else admitted(door, people)


# Forms


def test_the_walk_sees_the_forms() -> None:
    assert len(FORMS) > 35
    assert {door.host for door in FORMS} == {"portal.test", "reset.test"}


def test_with_its_own_token_from_its_own_page_every_form_is_read(people: Mapping[str, Client]) -> None:
    """Or the refusals below would prove nothing."""
    for door in FORMS:
        if door.path in ("/logout/", "/account/sessions/end-others/", "/login/second-factor/passkey/begin/"):
            continue
        client = who_in(door, people)
        here = {"origin": f"http://{door.host}", "sec-fetch-site": "same-origin"}
        assert sent(client, door, own_token(client, door.host), **here) != 403, door


def test_without_a_token_no_form_is_taken(people: Mapping[str, Client]) -> None:
    assert {str(door): status for door in FORMS if (status := sent(who_in(door, people), door)) != 403} == {}


def test_the_token_of_another_browser_opens_none(people: Mapping[str, Client]) -> None:
    charlies = {host: own_token(browser(), host) for host in ("portal.test", "reset.test")}
    for door in FORMS:
        assert sent(who_in(door, people), door, charlies[door.host]) == 403, door


def test_a_token_from_before_the_login_is_not_good_after_it(db: None, now: datetime) -> None:
    alice, client = new_account("4000001", now=now), browser(csrf=True)
    before = own_token(client)
    assert log_in(client, alice, csrfmiddlewaretoken=before).status_code == 302
    for door in (door for door in FORMS if door.rule.agents and door.host == "portal.test"):
        assert sent(client, door, before) == 403, door


@pytest.mark.parametrize("place", PLACES)
def test_a_form_of_another_place_is_refused_with_the_right_token(people: Mapping[str, Client], place: str) -> None:
    known = {
        (name, host): own_token(client, host)
        for name, client in people.items()
        for host in ("portal.test", "reset.test")
    }
    names = {id(client): name for name, client in people.items()}
    for door in FORMS:
        client = who_in(door, people)
        assert sent(client, door, known[names[id(client)], door.host], **PLACES[place]) == 403, door


def test_portal_and_reset_site_take_no_form_of_each_other(people: Mapping[str, Client]) -> None:
    other = {"portal.test": "http://reset.test", "reset.test": "http://portal.test"}
    for door in FORMS:
        client = who_in(door, people)
        assert sent(client, door, own_token(client, door.host), origin=other[door.host]) == 403, door


@pytest.mark.parametrize("origin", ["http://reset.test.evil.example", "null", "http://portal.test", ""])
def test_the_one_address_without_a_token_takes_the_form_of_the_reset_site_alone(
    people: Mapping[str, Client], origin: str
) -> None:
    headers = {"origin": origin} if origin else {}
    answer = people["stranger"].post(ARRIVE, {"device_enrolment": "a" * 32}, headers=headers)
    assert (answer.status_code, answer["Location"]) == (302, "/login/")
    assert "device" not in answer.cookies


# The API has no cookies


def test_the_api_reads_no_cookie_and_sets_none(people: Mapping[str, Client], now: datetime) -> None:
    grace = staff_account("grace", StaffRole.PUBLISHER, now=now)
    token = api_tokens.make(account=grace, name="job", by=DESK, now=now).token
    for door in API:
        for method in ("GET", "POST", "HEAD"):
            with_session = people[StaffRole.PUBLISHER].generic(method, door.path)
            with_token = Client(headers={"authorization": f"Bearer {token}"}).generic(method, door.path)
            for answer in (with_session, with_token):
                assert not answer.cookies, door
                assert "Cookie" not in answer.headers.get("Vary", ""), door
            if door.rule.gate is not None:
                assert with_session.status_code in (401, 429), door
    said = Client().get("/api/v1/openapi.json").json()["info"]["description"]
    assert "no cookie is read or set" in said


# Where one is led


def leads_away(answer: Any) -> bool:
    """As a browser reads it: tabs and line breaks fall out, backslashes are slashes."""
    location = re.sub(r"[\t\r\n]", "", answer.headers.get("Location", "")).strip().replace("\\", "/")
    if location.startswith(("http://portal.test/", "http://reset.test/")) or not location:
        return False
    return not location.startswith("/") or location.startswith("//")


@pytest.mark.parametrize("onward", ELSEWHERE, ids=ascii)
def test_no_login_leads_to_another_site(db: None, now: datetime, onward: str) -> None:
    alice, client = new_account("4000001", now=now), browser()
    assert safe_onward(onward, alice) == "/sites/ccAgentPortal"
    assert client.get("/login/", {"next": onward}).status_code == 200
    assert log_in(client, alice, next=onward).headers.get("Location", "/sites/ccAgentPortal") == "/sites/ccAgentPortal"
    assert not leads_away(client.get("/login/", {"next": onward}))


@pytest.mark.parametrize("onward", ["/account/", "/account/sessions/", "/reports/book-of-business/"])
def test_a_page_of_this_site_is_led_to(db: None, now: datetime, onward: str) -> None:
    assert safe_onward(onward, new_account("4000001", now=now)) == onward


def test_no_address_leads_away_whatever_it_is_told(db: None, now: datetime) -> None:
    people = everybody(now)
    for door in ALL:
        client = who_in(door, people)
        for evil in ("https://evil.example/", "//evil.example", "/\\evil.example"):
            told = dict.fromkeys(NAMES, evil)
            query = "&".join(f"{name}={quote(evil)}" for name in NAMES)
            answers = [client.get(f"{door.path}?{query}", headers={"host": door.host})]
            if door.path != "/account/sessions/end-others/":
                answers.append(client.post(f"{door.path}?{query}", told, headers={"host": door.host}))
            assert not [answer for answer in answers if leads_away(answer)], (door, evil)


# Who we are called

POISONED = {
    "x-forwarded-host": "evil.example",
    "x-host": "evil.example",
    "x-forwarded-server": "evil.example",
    "x-original-host": "evil.example",
    "x-forwarded-proto": "gopher",
    "forwarded": "host=evil.example;proto=gopher",
    "x-original-url": "/staff/",
    "x-rewrite-url": "/staff/",
}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "portal.test.evil.example",
        "portal.test@evil.example",
        "portal.test:80@evil.example",
        "evil.example:80",
        "portal.test, evil.example",
        "portal.test evil.example",
        "portal.test:evil",
        "portal.test/evil",
        "[::1]evil",
        "",
    ],
)
def test_no_address_answers_to_a_name_that_is_not_ours(people: Mapping[str, Client], host: str) -> None:
    for door in ALL:
        for method in ("GET", "POST"):
            answer = people["stranger"].generic(method, door.path, headers={"host": host})
            assert answer.status_code == 400, (door, host)
            assert b"evil" not in answer.content
            assert "evil" not in str(answer.headers)


def test_what_a_request_says_about_hosts_is_nowhere_in_an_answer(db: None, now: datetime) -> None:
    people = everybody(now)
    for door in ALL:
        client = who_in(door, people)
        plain = client.get(door.path, headers={"host": door.host})
        poisoned = client.get(door.path, headers={"host": door.host, **POISONED})
        assert b"evil.example" not in poisoned.getvalue(), door
        assert b"gopher" not in poisoned.getvalue(), door
        assert "evil" not in str(poisoned.headers), door
        assert plain.status_code == poisoned.status_code or poisoned.status_code == 429, door


def test_nothing_that_another_site_sent_was_done(people: Mapping[str, Client], now: datetime) -> None:
    """The walk above once more, and what stands in the trail and in the accounts after it."""
    before = list(Account.objects.order_by("pk").values())
    known = Event.objects.count()
    for door in FORMS:
        client = who_in(door, people)
        sent(client, door, own_token(client, door.host), origin="https://evil.example")
    assert list(Account.objects.order_by("pk").values()) == before
    assert Event.objects.count() == known
