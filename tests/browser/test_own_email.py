"""The agent moves the mails to a new address: password, code from the new mailbox, and a button that stops it."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import MAILBOX, Person, first_day, newest_mail
from tests.browser.people import OWN as PASSWORD
from tests.browser.test_reset import ask_and_read
from tests.browser.visitor import Visitor

NEW = "moved@example.org"  # a mailbox of this test alone: the demonstration has a change under way, too
CODE = re.compile(r"\b[2-9A-Z]{6}\b")


@pytest.fixture
def newcomer(people: Mapping[str, list[Person]]) -> Person:
    return people["Newly certified agent"][-1]


def test_an_agent_moves_the_mails_and_stops_it_again(
    visitor: Visitor, new_visitor: NewVisitor, newcomer: Person
) -> None:
    first_day(visitor, newcomer)
    visitor.open("/account/")
    visitor.follow("Change your e-mail address")
    visitor.type(**{"New_e-mail_address": NEW, "Present_password": PASSWORD})
    page = visitor.press("Change the address")
    expect(page.get_by_text("A change is under way")).to_be_visible()
    code = CODE.search(newest_mail(new_visitor(), f"{MAILBOX}?to={NEW}", "We received your new e-mail address"))
    assert code is not None
    visitor.type(Code_from_the_new_mailbox=code.group())
    page = visitor.press("Prove the new address")
    expect(page.get_by_text("until then mails go to the present address")).to_be_visible()
    page = visitor.press("Stop the change")
    expect(page.get_by_text("A change is under way")).to_have_count(0)


def test_who_opens_a_strangers_link_may_have_one_for_this_browser(
    visitor: Visitor, new_visitor: NewVisitor, people: Mapping[str, list[Person]]
) -> None:
    agent = people["Expired agent"][0]
    _, link = ask_and_read(new_visitor(), agent.username)
    visitor.open(link)
    visitor.follow("Have a link for this browser sent")
    visitor.type(User_name=agent.username)
    page = visitor.press("Send me a link for this browser")
    expect(page.locator("#reset-code")).to_be_visible()
