"""The same pages for who has no mouse, no JavaScript, little patience or a wrong address."""

import re
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import PORTAL, Person, first_day, log_in
from tests.browser.test_reset import ask
from tests.browser.visitor import Visitor

FOCUSED = """() => { const it = document.activeElement, style = getComputedStyle(it); return {
    name: it.labels?.[0]?.textContent.trim() ?? it.textContent.trim(),
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1 } }"""
TABS = 40  # more than enough for the first screen of any page


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the thing of that name has the focus; on the way, the focus must always be seen."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["seen"], f"{page.url}: no outline on {focused['name']!r}"
        if focused["name"] == name:
            return
    raise AssertionError(f"{page.url}: {name!r} is not reached by Tab")


def test_the_keyboard_alone_leads_into_the_book(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    person = people["Agency manager"][0]
    page = visitor.open(PORTAL)
    tab_to(page, "User name")
    page.keyboard.type(person.username)
    tab_to(page, "Password")
    page.keyboard.type(person.password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(PORTAL))
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["name"] == "Skip to main content"
    page.keyboard.press("Enter")
    tab_to(page, "Open Book of Business")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/book-of-business/")
    tab_to(page, page.locator("details.app-filters > summary").inner_text())
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Apply filters")).to_be_visible()


def test_without_javascript_an_agent_does_everything(
    new_visitor: NewVisitor, people: Mapping[str, list[Person]], tmp_path: Path
) -> None:
    visitor = new_visitor(javascript=False)
    first_day(visitor, people["Newly certified agent"][1])
    visitor.press("Log out")
    person = people["Warned agent"][0]
    page = log_in(visitor, person.username, person.password)
    visitor.follow("Open Book of Business")
    visitor.type(Search_in_names_and_numbers="zzzz")
    visitor.press("Search")
    expect(page.locator("main")).to_contain_text("No row fits")
    visitor.follow("Show all")
    page.get_by_label("Week").select_option(index=1)
    visitor.press("Show")
    visitor.follow("Open the newest")
    assert visitor.download("CSV", tmp_path).read_text("utf-8-sig").count("\n") > 1
    visitor.follow("Account", within=page.get_by_role("navigation", name="Agent"))
    visitor.press("Log out")


def test_without_javascript_a_password_is_reset(new_visitor: NewVisitor, people: Mapping[str, list[Person]]) -> None:
    visitor = new_visitor(javascript=False)
    page = ask(visitor, people["Suspended agent"][0].username)
    expect(page.locator("#reset-code")).to_be_visible()


def test_who_does_nothing_is_warned_and_may_stay_or_is_logged_out(
    visitor: Visitor, people: Mapping[str, list[Person]]
) -> None:
    page, person = visitor.page, people["Agency manager"][0]
    page.clock.install()
    log_in(visitor, person.username, person.password)
    page.clock.fast_forward("13:30")
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_focused()
    visitor.examine()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.clock.fast_forward("13:30")
    expect(dialog).to_be_visible()
    page.clock.fast_forward("02:00")
    page.wait_for_url("**/login/?ended=*")
    visitor.examine()


def test_a_wrong_password_is_told_beside_the_form(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = log_in(visitor, people["Suspended agent"][0].username, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("We cannot log you in")


def test_a_request_says_what_is_missing_and_gets_a_number(visitor: Visitor) -> None:
    visitor.open("/support/")
    page = visitor.press("Send", status=422)
    expect(page.get_by_role("alert").first).to_contain_text("Please correct the following")
    answers = {"Name": "Alice Example", "License_number": "1H12345", "E-mail_address": "alice@example.com"}
    visitor.type(**answers, Telephone="9165550123")
    page.get_by_label("How can we help you?").press_sequentially("I never got my password.")
    visitor.press("Send")
    expect(page.locator("#request-number")).to_have_text(re.compile(r"R-\w+"))


def test_wrong_addresses_say_what_to_do(visitor: Visitor) -> None:
    for address in ("/nowhere/", "/demo/mailbox/no-such-mail/", f"{visitor.exchange.reset_url}/nowhere/"):
        page = visitor.open(address, status=404)
        expect(page.get_by_role("heading", name="What you can do")).to_be_visible()
    visitor.open(f"{visitor.exchange.reset_url}/link/{'a' * 43}/", status=410)
