"""Every address of both hosts with every method: headers that protect, methods that are known, HEAD like GET."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as live_settings
from django.test import Client
from pytest_django import Settings

from extranet.web.methods import METHODS, methods_of
from tests.web.walking import Door, admitted, doors, everybody

ALL = doors()
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cache-Control": "no-store",
}
STRANGE = ("TRACE", "CONNECT", "TRACK", "DEBUG", "PROPFIND", "MKCOL", "SEARCH", "GETS")
UNUSED = ("OPTIONS", "PUT", "PATCH", "DELETE")
FILES = {"/reports/book-of-business/download/", "/staff/audit/export/"}
"""Each answer stands in the trail as a file that left the house; a HEAD would put a false one there."""


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def pinned(settings: Settings) -> None:
    """As under https; that the setting follows the address: test_attack_https.py."""
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31536000, True


def missing(answer: Any) -> list[str]:
    """What the answer should carry and does not."""
    found = [
        f"{name}: {answer.headers.get(name)}" for name, value in ALWAYS.items() if answer.headers.get(name) != value
    ]
    content, features = answer.headers.get("Content-Security-Policy", ""), answer.headers.get("Permissions-Policy", "")
    wanted = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'")
    found += [f"no {part}" for part in wanted if part not in content]
    found += [f"{word} in the content policy" for word in ("unsafe", "data:", "*", "report") if word in content]
    found += [name for name in answer.headers if name.lower().startswith(("access-control-", "server", "x-powered-by"))]
    return found + ([] if "camera=()" in features else ["no Permissions-Policy"])


def asked(client: Client, method: str, door: Door, **more: Any) -> Any:
    return client.generic(method, door.path, headers={"host": door.host}, **more)


def test_the_walk_sees_both_hosts() -> None:
    assert len([door for door in ALL if door.host == "portal.test"]) > 50
    assert len([door for door in ALL if door.host == "reset.test"]) >= 7


def test_every_address_tells_its_methods() -> None:
    silent = [str(door) for door in ALL if not door.methods and not door.path.endswith("/nowhere")]
    assert silent == []
    assert {door.path for door in ALL if "GET" in (door.methods or ()) and "HEAD" not in (door.methods or ())} == FILES


@pytest.mark.parametrize("who", ["admitted", "stranger"])
def test_every_answer_of_every_address_carries_the_headers(db: None, now: datetime, who: str) -> None:
    people, faults = everybody(now), {}
    for door in ALL:
        for method in ("GET", "HEAD", "POST", *UNUSED, "TRACE"):
            client = admitted(door, people) if who == "admitted" and door.path != "/logout/" else people["stranger"]
            if lacking := missing(asked(client, method, door)):
                faults[f"{method} {door}"] = lacking
    assert faults == {}


def test_what_is_no_page_carries_them_as_well(db: None, settings: Settings) -> None:
    client = Client(SERVER_NAME="portal.test", enforce_csrf_checks=True, raise_request_exception=False)
    settings.ROOT_URLCONF = "tests.web.frame_urls"
    answers = {
        400: Client().get("/plain/", headers={"host": "evil.example"}),
        403: client.post("/plain/"),
        404: client.get("/nowhere/"),
        405: client.generic("TRACE", "/plain/"),
        410: client.get("/refusing/410/"),
        422: client.get("/refusing/422/"),
        429: client.get("/refusing/429/"),
        500: client.get("/broken/"),
        503: client.get("/away/"),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    assert {status: missing(answer) for status, answer in answers.items() if missing(answer)} == {}


def test_a_static_file_carries_all_but_may_be_kept(settings: Settings) -> None:
    Path(live_settings.STATIC_ROOT, "carries.css").write_text("body{}")
    client = Client()
    assert missing(client.get("/static/carries.css")) == ["Cache-Control: max-age=60, public"]
    for method in ("TRACE", "PUT", "POST"):
        refused = client.generic(method, "/static/carries.css")
        assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD"), method


@pytest.mark.parametrize("who", ["admitted", "stranger"])
def test_what_an_address_does_not_know_is_405_with_what_it_knows(db: None, now: datetime, who: str) -> None:
    people, faults = everybody(now), []
    for door in ALL:
        client = admitted(door, people) if who == "admitted" else people["stranger"]
        known = door.methods or METHODS
        for method in (*STRANGE, *UNUSED):
            answer = asked(client, method, door)
            right = answer.status_code == 405 and answer.headers.get("Allow") == ", ".join(known)
            if method not in known and not right:
                faults.append((method, str(door), answer.status_code, answer.headers.get("Allow")))
    assert faults == []


def test_nothing_of_a_trace_comes_back(db: None, now: datetime) -> None:
    people = everybody(now)
    for door in ALL:
        answer = admitted(door, people).generic("TRACE", door.path, headers={"host": door.host, "x-planted": "planted"})
        assert b"planted" not in answer.content, door


def test_a_page_for_posts_only_refuses_a_look(db: None, now: datetime) -> None:
    people = everybody(now)
    for door in (door for door in ALL if door.methods == ("POST",) and door.rule.gate is None):
        answer = asked(admitted(door, people), "GET", door)
        assert (answer.status_code, answer.headers.get("Allow")) == (405, "POST"), door


def test_head_answers_like_get_without_a_body(db: None, now: datetime) -> None:
    people, faults = everybody(now), []
    own = {"Content-Length", "Set-Cookie", "X-Request-Id"}
    for door in (door for door in ALL if "GET" in (door.methods or METHODS) and door.path not in FILES):
        client = admitted(door, people)
        got, head = asked(client, "GET", door), asked(client, "HEAD", door)
        same = got.status_code == head.status_code and set(got.headers) - own == set(head.headers) - own
        same = same or {got.status_code, head.status_code} <= {401, 429}  # of too many without a token, the last waits
        if not same or head.content:
            faults.append((str(door), got.status_code, head.status_code))
    assert faults == []


def test_a_method_is_read_where_the_decorator_keeps_it() -> None:
    assert methods_of(lambda request: None) is None
    assert {methods_of(door.view) for door in ALL} >= {("GET", "HEAD"), ("GET", "HEAD", "POST"), ("POST",)}
