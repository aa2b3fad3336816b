"""A person with a browser of their own. Whatever page they come to is examined: accessibility (axe), room on a desk and
on a phone, errors in the console, breaches of the content policy, holes in the text."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Download, Locator, Page, Response

from tests.browser.exchange import Exchange

DESK, PHONE = 1280, 390
HEIGHT = 900
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
SAMPLE = {"exclude": [["tbody tr:nth-child(n+6)"]]}  # rows of one table are alike
REPORT_BREACHES = """document.addEventListener("securitypolicyviolation",
    event => console.error(`content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""
SHAPE = """() => document.title + [...new Set([...document.querySelectorAll("body *")].map(
    element => element.tagName + "." + element.className + "." + element.getAttribute("role")))].sort().join()"""
TOO_WIDE = """() => { const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")].filter(element => element.getBoundingClientRect().right > width + 1)
        .map(element => element.tagName + "." + element.className + " " + element.textContent.trim().slice(0, 40)) }"""
HOLES = re.compile(r"\{\{|\{%|\bNone\b|\bundefined\b|\bNaN\b|<[a-z]+ ")
HOLES_BESIDE_DATA = re.compile(r"\{\{|\{%|\bundefined\b|\bNaN\b|<[a-z]+ ")  # a tier or status may be called None

_examined: set[str] = set()


class Visitor:
    """One browser context. Every step that leads to a page examines it, each page once in a run."""

    def __init__(self, browser: Browser, exchange: Exchange, *, javascript: bool = True) -> None:
        self.exchange, self.javascript = exchange, javascript
        viewport = {"width": DESK, "height": HEIGHT}
        self.context = browser.new_context(
            base_url=exchange.url,
            java_script_enabled=javascript,
            viewport={"width": viewport["width"], "height": viewport["height"]},
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(REPORT_BREACHES)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def open(self, address: str, *, status: int = 200) -> Page:
        """Go there as if the address had been typed."""
        response = self.page.goto(urljoin(self.exchange.url, address))
        return self._arrived(response, status)

    def follow(self, name: str | re.Pattern[str], *, within: Locator | None = None, status: int = 200) -> Page:
        """Click the link of that name."""
        links = (within or self.page).get_by_role("link", name=name, exact=isinstance(name, str))
        return self.go(links.first, status=status)

    def press(self, name: str | re.Pattern[str], *, within: Locator | None = None, status: int = 200) -> Page:
        """Click the button of that name, which leads to a page."""
        buttons = (within or self.page).get_by_role("button", name=name, exact=isinstance(name, str))
        return self.go(buttons.first, status=status)

    def go(self, target: Locator, *, status: int = 200) -> Page:
        """Click, and look at where it leads."""
        with self.page.expect_response(_is_page) as coming, self.page.expect_navigation():
            target.click()
        return self._arrived(coming.value, status)

    def type(self, **fields: str) -> None:
        """Type key by key, as a person does, into the fields of these labels (``_`` for a blank)."""
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).press_sequentially(text)

    def download(self, name: str, folder: Path) -> Path:
        """Click the link of that name, which brings a file."""
        with self.page.expect_download() as coming:
            self.page.get_by_role("link", name=name, exact=True).click()
        found: Download = coming.value
        found.save_as(folder / found.suggested_filename)
        return folder / found.suggested_filename

    def examine(self) -> None:
        """What must hold for every page."""
        page, where = self.page, f"{self.page.url} ({self.page.title()})"
        assert page.locator("h1").count() == 1, f"{where}: {page.locator('h1').count()} main headings"
        words = page.locator("body").inner_text()
        hole = (HOLES_BESIDE_DATA if "/reports/" in page.url else HOLES).search(words)
        assert hole is None, f"{where}: {words[max(0, hole.start() - 60) : hole.end() + 60]!r}"
        shape = str(page.evaluate(SHAPE))
        if _is_new(shape + page.url.partition("?")[0]):
            self._has_room(where)
        if self.javascript and _is_new(shape):
            assert not (found := accessibility_faults(page)), f"{where}: {found}"
        assert not self.complaints, self.complaints

    def close(self) -> None:
        self.context.close()
        assert not self.complaints, self.complaints

    def _has_room(self, where: str) -> None:
        for width in (PHONE, DESK):
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            too_wide = self.page.evaluate(TOO_WIDE)
            assert not too_wide, f"{where} at {width} px: {too_wide}"

    def _arrived(self, response: Response | None, status: int) -> Page:
        assert response is not None
        self.page.wait_for_load_state("load")
        assert response.status == status, f"{response.status} at {response.url}"
        self.examine()
        return self.page

    def _note(self, message: ConsoleMessage) -> None:
        """Errors and warnings; Chromium also complains of a page that was meant to be refused."""
        refused_page = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in ("error", "warning") and not refused_page:
            self.complaints.append(f"{self.page.url}: {message.text}")


def _is_new(key: str) -> bool:
    """Whether nobody has come by there in this run."""
    if key in _examined:
        return False
    _examined.add(key)
    return True


def accessibility_faults(page: Page) -> Sequence[str]:
    """What axe finds, one line an element."""
    results = Axe().run(page, context=SAMPLE, options=AXE).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['html'][:120]}" for rule in results for node in rule["nodes"]]


def _is_page(response: Response) -> bool:
    """The answer that stays: a document that does not lead on."""
    return response.request.is_navigation_request() and not 300 <= response.status < 400
