"""A forgotten password, from the reset site to the new login, with the words of the job aid (J16 - J25)."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import GENERATED, MAILBOX, Person, choose_own, count_mails, log_in, newest_mail
from tests.browser.visitor import Visitor

SUBJECT = "Reset your password"
LINK = re.compile(r"http://reset\.localhost:\d+/link/[\w-]+/?")


def ask(visitor: Visitor, username: str) -> Page:
    """The three screens; ends at the confirmation."""
    page = visitor.open(f"{visitor.exchange.reset_url}/")
    visitor.type(User_name=username)
    visitor.press("Reset Password")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reset My Password")
    expect(page.get_by_text("How to reset your password?")).to_be_visible()
    page.get_by_text("Via E-mail Address").click()
    return visitor.press("Next")


def ask_and_read(visitor: Visitor, username: str) -> tuple[str, str]:
    """The code of the confirmation, and the link of the mail that comes then."""
    known = count_mails(visitor, MAILBOX, SUBJECT)
    page = ask(visitor, username)
    expect(page.locator("main")).to_contain_text("We sent the reset link")
    code = page.locator("#reset-code").inner_text()
    text = newest_mail(visitor, MAILBOX, SUBJECT, known=known)
    found = LINK.search(text)
    assert found is not None, text
    return code, found.group()


@pytest.fixture
def expired(people: Mapping[str, list[Person]]) -> Person:
    return people["Expired agent"][0]


def test_a_forgotten_password_is_made_new_and_opens_the_portal(
    visitor: Visitor, new_visitor: NewVisitor, expired: Person
) -> None:
    page = log_in(visitor, expired.username, expired.password)
    expect(page.get_by_role("alert")).to_contain_text("Get a new one")

    _, link = ask_and_read(visitor, expired.username)
    visitor.open(link)
    page = visitor.press("Reset Password")
    shown = page.locator("#new-password").inner_text()
    assert GENERATED.fullmatch(shown)

    done = page.url
    visitor.open(done)
    expect(page.locator("#new-password")).to_have_text(shown)
    other = new_visitor()
    other.open(done, status=410)
    assert shown not in other.page.content()

    page = visitor.press("Log In")
    assert "/login/" in page.url
    page = log_in(visitor, expired.username, shown)
    assert page.title().startswith("Choose your own password")
    choose_own(visitor, shown)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Welcome")
    visitor.open(done, status=410)
    visitor.open(link, status=410)


def test_the_link_opened_on_another_device_takes_the_code_of_the_screen(
    visitor: Visitor, new_visitor: NewVisitor, people: Mapping[str, list[Person]]
) -> None:
    code, link = ask_and_read(visitor, people["Throttled agent"][0].username)
    phone = new_visitor()
    phone.open(link)
    phone.page.get_by_label("Short code").fill("222222")
    phone.press("Reset Password")
    expect(phone.page.get_by_role("alert").first).to_be_visible()
    phone.page.get_by_label("Short code").fill(code)
    phone.press("Reset Password")
    expect(phone.page.locator("#new-password")).to_have_text(GENERATED)


def test_an_unknown_name_walks_the_same_way(visitor: Visitor) -> None:
    page = ask(visitor, "9Z99999")
    expect(page.locator("main")).to_contain_text("We sent the reset link")
    expect(page.locator("#reset-code")).to_be_visible()


def test_what_is_no_user_name_is_said_beside_the_field(visitor: Visitor) -> None:
    page = visitor.open(f"{visitor.exchange.reset_url}/")
    visitor.type(User_name="Alice Example")
    visitor.press("Reset Password")
    assert page.get_by_label("User name").get_attribute("aria-invalid") == "true"
