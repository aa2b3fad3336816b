"""What opens mails before their reader does: it looks, it waits, it presses; the link still works for its owner."""

import http.client
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import GENERATED, Person
from tests.browser.test_reset import ask_and_read
from tests.browser.visitor import Visitor

LOOKS = 5
PATIENCE_MS = 4_000  # longer than scanners look at a page


@pytest.fixture
def agent(people: Mapping[str, list[Person]]) -> Person:
    return people["Expired agent"][0]


def statuses(link: str, method: str, times: int = 1) -> set[int]:
    """Asked without a browser, as gateways do."""
    parts, found = urlsplit(link), set()
    for _ in range(times):
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=15)
        connection.request(method, parts.path, headers={"Host": parts.netloc, "User-Agent": "gateway"})
        answer = connection.getresponse()
        answer.read()
        found.add(answer.status)
        connection.close()
    return found


def load_and_wait(context: BrowserContext, link: str) -> Page:
    page = context.new_page()
    page.goto(link)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(PATIENCE_MS)
    return page


def press_everything(page: Page) -> int:
    """Submit every form as it stands, then follow every link and submit the forms there; how many were sent."""
    sent, start = 0, page.url
    own = urlsplit(start).netloc
    addresses = [start, *(str(a.get_attribute("href")) for a in page.locator("main a[href]").all())]
    for address in addresses:
        if urlsplit(address).netloc not in ("", own):
            continue
        page.goto(start if address == start else urlsplit(start)._replace(path=address, query="").geturl())
        for number in range(page.locator("main form").count()):
            form = page.locator("main form").nth(number)
            if form.count():
                with page.expect_navigation():
                    form.evaluate("form => form.submit()")
                sent += 1
    return sent


def test_the_link_works_for_its_owner_after_every_scanner(
    visitor: Visitor, new_visitor: NewVisitor, agent: Person
) -> None:
    code, link = ask_and_read(visitor, agent.username)
    assert statuses(link, "HEAD") == {200}
    assert statuses(link, "GET", LOOKS) == {200}
    assert statuses(link, "POST") == {403}  # no form of ours

    scanner = new_visitor().context
    page = load_and_wait(scanner, link)
    assert page.url == link
    expect(page.get_by_label(re.compile("Short code"))).to_be_visible()
    assert press_everything(page) >= 2
    assert page.locator("#new-password").count() == 0

    visitor.open(link)  # in the browser that asked
    page = visitor.press("Reset Password")
    assert GENERATED.fullmatch(page.locator("#new-password").inner_text())
    assert code
