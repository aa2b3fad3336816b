"""Staff at work: release by a second person, a request answered, the trail verified, accounts listed."""

import base64
import hmac
import re
import time
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import DELIVERY_SECONDS, MAILBOX, OWN, Person, log_in, log_in_staff, newest_mail
from tests.browser.visitor import Visitor

CONDITIONAL = "/reports/conditional-eligibility/"


def every_page(visitor: Visitor) -> None:
    """Follow each link of the navigation."""
    navigation = visitor.page.get_by_role("navigation", name="Staff")
    for address in [link.get_attribute("href") for link in navigation.get_by_role("link").all()]:
        assert address
        visitor.open(address)


def test_the_second_publisher_releases_what_waits_and_every_agent_sees_it(
    visitor: Visitor, new_visitor: NewVisitor, people: Mapping[str, list[Person]]
) -> None:
    agent = new_visitor()
    reader = people["Agent with a large book"][0]
    log_in(agent, reader.username, reader.password)
    before = agent.open(CONDITIONAL).locator("main .usa-intro strong").inner_text()

    second = next(person for person in people["Publisher"] if person.username.endswith("second"))
    page = log_in_staff(visitor, second)
    every_page(visitor)
    visitor.open("/staff/")
    visitor.follow(re.compile("waiting for release"))
    waiting = page.locator("#table tbody tr").filter(has_text="waits for release")
    visitor.go(waiting.get_by_role("link").first)
    visitor.press(re.compile("^Release"), within=page.locator("main"))
    expect(page.locator("main")).to_contain_text("State: released")

    assert agent.open(CONDITIONAL).locator("main .usa-intro strong").inner_text() != before


def test_the_desk_answers_a_request(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = log_in_staff(visitor, people["Service Desk"][0])
    every_page(visitor)
    number = _open_request(visitor)
    facts = dict(_facts(page))
    visitor.press("Take this request")
    page.get_by_label("Answer", exact=True).fill("Please use the reset link: it works at once.")
    visitor.press("Send the answer")
    expect(page.locator("main")).to_contain_text("answered")

    visitor.follow(re.compile(r"^Open the record of "))
    visitor.follow("Check the identity")
    visitor.press("Compare the answers", status=422)
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label(re.compile("telephone")).fill(facts["Telephone"])
    page.get_by_label(re.compile("e-mail address")).fill(facts["E-mail address"])
    page.get_by_label(re.compile("last name")).fill(facts["Name"].split()[-1])
    visitor.press("Compare the answers")
    expect(page.locator("main")).to_contain_text("You have checked the identity")
    visitor.press("Start a reset")
    expect(page.locator("#reset-code")).to_have_text(re.compile(r"^\w{6}$"))

    assert "it works at once" in newest_mail(visitor, MAILBOX, f"Answer to your request {number}")


def _open_request(visitor: Visitor) -> str:
    """Open the first of the queue; its number."""
    page = visitor.open("/staff/requests/")
    link = page.locator("#table tbody a").first
    number = link.inner_text()
    visitor.go(link)
    return number


def _facts(page: Page) -> list[tuple[str, str]]:
    """What the page lists: what it is called, and what it is."""
    parts = page.locator("main dl").first.locator("> div").all()
    return [(part.locator("dt").inner_text(), part.locator("dd").inner_text()) for part in parts]


def test_the_auditor_verifies_the_trail(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = log_in_staff(visitor, people["Auditor"][0])
    every_page(visitor)
    visitor.open("/staff/audit/")
    expect(page.locator("#table, #events").first).to_contain_text("second-factor")
    visitor.press("Verify the trail")
    expect(page.locator("main")).to_contain_text("The trail is whole")


def test_the_administrator_adds_somebody_who_sets_up_the_account(
    visitor: Visitor, new_visitor: NewVisitor, people: Mapping[str, list[Person]]
) -> None:
    page = log_in_staff(visitor, people["Administrator"][0])
    every_page(visitor)
    visitor.open("/staff/accounts/")
    before = page.locator("#table tbody tr").count()
    visitor.press("Add the account", status=422)
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Name of the person").fill("Alice Example")
    page.locator("label").filter(has_text="Auditor").click()
    visitor.press("Add the account")
    link = page.locator("#enrolment-link").inner_text()
    visitor.follow("Back to the account")
    expect(visitor.open("/staff/accounts/").locator("#table tbody tr")).to_have_count(before + 1)
    visitor.open("/reports/book-of-business/", status=403)

    alice = new_visitor()
    own = alice.open(link)
    own.get_by_label("Code of the app").fill("000000")
    alice.press("Set up my account")
    expect(own.get_by_role("alert").first).to_be_visible()
    own.get_by_label("New password", exact=True).fill(OWN)
    own.get_by_label("New password, again").fill(OWN)
    own.get_by_label("Code of the app").fill(_totp(own.locator(".app-key").inner_text()))
    alice.press("Set up my account")
    expect(own.locator("main")).to_contain_text("Your recovery codes")
    alice.open(link, status=410)


def test_a_publisher_sends_a_wrong_file_and_is_told_why(
    visitor: Visitor, people: Mapping[str, list[Person]], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("Name,Colour\nAlice,green\n")
    page = log_in_staff(visitor, people["Publisher"][0])
    visitor.open("/staff/publications/upload/")
    visitor.press("Send", status=422)
    page.get_by_label("File").set_input_files(wrong)
    visitor.press("Send")
    end = time.monotonic() + DELIVERY_SECONDS
    while page.get_by_role("heading", name="What is wrong").count() == 0:
        assert time.monotonic() < end, page.locator("main").inner_text()
        visitor.open(page.url)
    visitor.open("/staff/roster/")
    page.get_by_label("File").set_input_files(wrong)
    visitor.press("See what would change", status=422)
    expect(page.locator("main")).to_contain_text("Colour")
    visitor.open("/staff/publications/")
    visitor.go(page.locator("#table tbody tr").filter(has_text="released").last.get_by_role("link").first)
    visitor.follow(re.compile("^Recall"))
    expect(page.get_by_role("button", name="Recall it")).to_be_visible()


def _totp(key: str) -> str:
    """What an authenticator app shows now for the key (RFC 6238), computed on its own."""
    moment = int(time.time()) // 30
    secret = base64.b32decode(key.replace(" ", "").upper())
    mac = hmac.digest(secret, moment.to_bytes(8, "big"), "sha1")
    place = mac[-1] & 15
    return f"{int.from_bytes(mac[place : place + 4], 'big') % 2**31 % 10**6:06}"


def test_no_agent_and_no_stranger_gets_a_staff_page(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = visitor.open("/staff/")
    assert "/login/" in page.url
    person = people["Agency manager"][0]
    visitor.open("/login/")
    log_in(visitor, person.username, person.password)
    visitor.open("/staff/", status=403)
