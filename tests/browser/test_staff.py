"""Staff at work: release by a second person, a request answered, the trail verified, accounts listed."""

import re
from collections.abc import Mapping

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import MAILBOX, Person, log_in, log_in_staff, newest_mail
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
    visitor.press("Compare with the roster", status=422)
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label(re.compile("telephone")).fill(facts["Telephone"])
    page.get_by_label(re.compile("e-mail address")).fill(facts["E-mail address"])
    page.get_by_label(re.compile("last name")).fill(facts["Name"].split()[-1])
    visitor.press("Compare with the roster")
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


def test_the_administrator_sees_who_is_staff(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = log_in_staff(visitor, people["Administrator"][0])
    every_page(visitor)
    visitor.open("/staff/accounts/")
    expect(page.locator("#table tbody tr")).to_have_count(5)
    visitor.follow("staff\\desk")
    visitor.open("/reports/book-of-business/", status=403)


def test_no_agent_and_no_stranger_gets_a_staff_page(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = visitor.open("/staff/")
    assert "/login/" in page.url
    person = people["Agency manager"][0]
    visitor.open("/login/")
    log_in(visitor, person.username, person.password)
    visitor.open("/staff/", status=403)
