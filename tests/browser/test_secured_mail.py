"""Where secured mails are picked up: a new agent reads the password on a page, by two links and a code, and logs in.

A demonstration of its own, in which that way is switched on.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import NewVisitor
from tests.browser.exchange import Exchange, running
from tests.browser.people import GENERATED, Person, choose_own, count_mails, log_in, newest_mail, read_people
from tests.browser.visitor import Visitor

SECOND = "The link to your secure message"
LINK = re.compile(r"http://reset\.localhost:\d+/secured/[\w/-]+")
NAME, CODE = re.compile("User name or license number", re.IGNORECASE), re.compile("^Short code")
NOT_THE_CODE = "ZZZZZZ"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with running(tmp_path_factory.mktemp("secured") / "demo", {"EXTRANET_SECURED_MAIL": "pickup"}) as started:
        yield started


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def reader(browser: Browser, exchange: Exchange, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    visitor = Visitor(browser, exchange, javascript=request.param)
    yield visitor
    visitor.close()


@pytest.fixture
def newcomer(reader: Visitor) -> Person:
    """One for each reader: a message is read once."""
    return read_people(reader)["Newly certified agent"][0 if reader.javascript else 1]


def test_a_password_is_picked_up_by_two_links_and_a_code(
    reader: Visitor, newcomer: Person, new_visitor: NewVisitor
) -> None:
    page = reader.page
    notice = newest_mail(reader, newcomer.mails, "– Password")
    assert GENERATED.search(notice) is None
    reader.open(link_in(notice))
    page.get_by_label(NAME).press_sequentially(newcomer.username)
    reader.press("Next")
    code = page.locator("#letter-code").inner_text()

    second = newest_mail(new_mailbox := new_visitor(), newcomer.mails, SECOND)
    assert count_mails(new_mailbox, newcomer.mails, SECOND) == 1
    assert code not in second
    link = link_in(second)
    reader.open(link)
    page.get_by_label(CODE).press_sequentially(NOT_THE_CODE)
    reader.press("Read the message")
    expect(page.locator("#id_code-error")).to_contain_text("This is not the code that goes with this link")
    page.get_by_label(CODE).fill(code)
    reader.press("Read the message")
    shown = GENERATED.search(page.locator("#letter-text").inner_text())
    assert shown is not None

    read_at = page.url
    reader.open(read_at)
    expect(page.locator("#letter-text")).to_contain_text(shown.group())
    for address in (read_at, link, link_in(notice)):
        assert shown.group() not in new_mailbox.open(address, status=410).content()

    reader.follow("Log In", within=page.locator("main"))
    log_in(reader, newcomer.username, shown.group())
    assert page.title().startswith("Choose your own password")
    choose_own(reader, shown.group())
    assert page.url.endswith("/agreement/")


def link_in(mail: str) -> str:
    found = LINK.search(mail)
    assert found is not None, mail
    return found.group()
