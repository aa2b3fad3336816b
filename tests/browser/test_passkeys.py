"""Passkeys in a real browser with a virtual authenticator; an app without JavaScript; a phone without passkeys."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import PORTAL, Person, log_in, log_in_staff
from tests.browser.test_staff import _totp
from tests.browser.visitor import Visitor

FACTORS = "/account/second-factor/"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Authenticator:
    """What a phone or a security key would be, inside the browser (WebAuthn domain of the DevTools protocol)."""

    def __init__(self, visitor: Visitor, **options: Any) -> None:
        self.session: CDPSession = visitor.context.new_cdp_session(visitor.page)
        self.session.send("WebAuthn.enable", {"enableUI": False})
        made = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": {**KEY, **options}})
        self.id = made["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def put(self, credential: dict[str, Any]) -> None:
        self.session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def verifies(self, value: bool) -> None:
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": value})


@pytest.fixture
def agent(people: Mapping[str, list[Person]]) -> Person:
    return people["Agency manager"][0]


@pytest.fixture
def added(visitor: Visitor, agent: Person) -> Iterator[Authenticator]:
    """The agent with one passkey, logged out again; afterwards without any."""
    log_in(visitor, agent.username, agent.password)
    key = Authenticator(visitor)
    visitor.open(FACTORS)
    visitor.page.get_by_label("Name of the passkey").fill("my phone")
    page = visitor.press("Add a passkey")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    visitor.open(FACTORS)
    expect(page.locator("main")).to_contain_text("logs in without the password")
    visitor.press(re.compile("^Log Out", re.I))
    yield key
    if "/login/" in visitor.open(FACTORS).url:
        key.verifies(True)
        _alone(visitor)
    visitor.open(FACTORS)
    visitor.press("Remove my phone")
    expect(visitor.page.locator("main")).to_contain_text("The passkey was removed")


def _alone(visitor: Visitor) -> Page:
    visitor.open("/login/")
    return visitor.press("Log in with a passkey")


def test_a_passkey_is_a_whole_login(visitor: Visitor, added: Authenticator) -> None:
    page = _alone(visitor)
    assert page.url.endswith(PORTAL)
    assert len(added.credentials()) == 1
    assert added.credentials()[0]["rpId"] == "localhost"


def test_after_the_password_it_is_the_second_factor(visitor: Visitor, added: Authenticator, agent: Person) -> None:
    page = log_in(visitor, agent.username, agent.password)
    assert page.url.endswith("/login/second-factor/")
    visitor.press("Use a passkey")
    assert page.url.endswith(PORTAL)


def test_a_person_who_is_not_verified_does_not_get_in_by_the_passkey_alone(
    visitor: Visitor, added: Authenticator
) -> None:
    added.verifies(False)
    page = visitor.open("/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("alert").filter(has_text="No passkey was used")).to_be_visible()
    assert page.url.endswith("/login/")


def test_a_copy_whose_counter_lies_behind_is_refused(
    visitor: Visitor, new_visitor: NewVisitor, added: Authenticator
) -> None:
    copied = {**added.credentials()[0], "signCount": 0}
    for _ in range(2):
        _alone(visitor)
        visitor.press(re.compile("^Log Out", re.I))
    thief = new_visitor()
    Authenticator(thief).put(copied)
    page = _alone(thief)
    expect(page.get_by_role("alert").first).to_contain_text("We cannot log you in with this passkey")


def test_staff_log_in_with_a_passkey_alone(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = log_in_staff(visitor, people["Auditor"][0])
    Authenticator(visitor)
    visitor.open(FACTORS)
    page.get_by_label("Name of the passkey").fill("key ring")
    visitor.press("Add a passkey")
    visitor.press(re.compile("^Log Out", re.I))
    _alone(visitor)
    assert page.url.endswith("/staff/")
    visitor.open(FACTORS)
    visitor.press("Remove key ring")


def test_without_javascript_an_app_is_set_up_and_passkeys_say_what_they_need(
    new_visitor: NewVisitor, people: Mapping[str, list[Person]]
) -> None:
    visitor, person = new_visitor(javascript=False), people["Agent with a large book"][0]
    page = log_in(visitor, person.username, person.password)
    visitor.open("/account/")
    visitor.follow("Second factors")
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    expect(page.locator("main")).to_contain_text("allow JavaScript")
    visitor.follow("Set up an authenticator app")
    page.get_by_label("Code of the app").fill(_totp(page.locator(".app-key").inner_text()))
    visitor.press("Turn it on")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    visitor.follow("I have written them down")
    assert page.url.endswith(PORTAL)
    visitor.open(FACTORS)
    visitor.press("Remove the app")
    expect(page.locator("main")).to_contain_text("The authenticator app was removed")
