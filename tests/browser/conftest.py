"""One demonstration and one Chromium for all browser tests; every visitor has a context of its own.

The browser lives as long as this folder's tests only: while it lives, Playwright keeps an event loop in this thread,
and Django refuses its database there.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.exchange import Exchange, running
from tests.browser.people import Person, read_people
from tests.browser.visitor import Visitor

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]

NewVisitor = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is a browser test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if shutil.which(CHROMIUM) is None:
                item.add_marker(pytest.mark.skip(reason=f"no {CHROMIUM}: apt-get install chromium"))


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with running(tmp_path_factory.mktemp("browser") / "demo") as started:
        yield started


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="package")
def people(browser: Browser, exchange: Exchange) -> Mapping[str, list[Person]]:
    visitor = Visitor(browser, exchange)
    found = read_people(visitor)
    visitor.close()
    return found


@pytest.fixture
def new_visitor(browser: Browser, exchange: Exchange) -> Iterator[NewVisitor]:
    """A visitor with a browser of their own, as many as wanted."""
    opened: list[Visitor] = []

    def make(*, javascript: bool = True) -> Visitor:
        opened.append(Visitor(browser, exchange, javascript=javascript))
        return opened[-1]

    yield make
    for visitor in opened:
        visitor.close()


@pytest.fixture
def visitor(new_visitor: NewVisitor) -> Visitor:
    return new_visitor()
