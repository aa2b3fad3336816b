"""A publisher sends a large file: the connection breaks, the page is loaded anew, and it arrives all the same."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, Request, Route, expect

from tests.browser.people import DELIVERY_SECONDS, Person, log_in_staff
from tests.browser.visitor import Visitor

CONTENT = "**/staff/publications/uploads/*/content/"
MEGABYTE = 1024 * 1024


def large_file(folder: Path) -> Path:
    """Three pieces, of which no exchange knows the columns: refused once it is there."""
    file = folder / "large.csv"
    file.write_bytes(b"Name,Colour\n" + b"Alice,green\n" * (9 * MEGABYTE // 12))
    return file


def choose(page: Page, file: Path) -> None:
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Send").click()


def broken_off(visitor: Visitor) -> None:
    """What a browser says of a lost connection is no fault of the page."""
    said = list(visitor.complaints)
    assert said
    assert all("Failed to load resource: net::" in complaint for complaint in said), said
    visitor.complaints.clear()


def test_a_large_file_survives_a_broken_connection_and_a_reload(
    visitor: Visitor, people: Mapping[str, list[Person]], tmp_path: Path
) -> None:
    file = large_file(tmp_path)
    page = log_in_staff(visitor, people["Publisher"][0])
    visitor.open("/staff/publications/upload/")
    offsets: list[str] = []

    def let_only_the_first_pass(route: Route, request: Request) -> None:
        offsets.append(request.headers.get("upload-offset", ""))
        if len(offsets) == 1:
            route.continue_()
        else:
            route.abort("connectionreset")

    page.route(CONTENT, let_only_the_first_pass)
    choose(page, file)
    expect(page.get_by_role("status")).to_contain_text("The connection was lost")
    expect(page.get_by_role("progressbar", name="Sent")).to_be_visible()
    assert offsets[:2] == ["0", str(4 * MEGABYTE)]
    broken_off(visitor)

    page.unroute(CONTENT)
    page.on("request", lambda request: offsets.append(request.headers.get("upload-offset", "")))
    visitor.open("/staff/publications/upload/")
    visitor.complaints.clear()
    offsets.clear()
    choose(page, file)
    page.wait_for_url(re.compile(r"/staff/publications/uploads/[0-9a-f-]+/$"))
    assert [offset for offset in offsets if offset] == [str(4 * MEGABYTE), str(8 * MEGABYTE)]
    visitor.examine()
    end = time.monotonic() + DELIVERY_SECONDS
    while page.get_by_role("heading", name="What is wrong").count() == 0:
        assert time.monotonic() < end, page.locator("main").inner_text()
        visitor.open(page.url)
    expect(page.locator("main")).to_contain_text(f"{file.stat().st_size:,} bytes")


def test_a_large_file_that_cannot_be_is_told_beside_the_form_and_a_token_is_made(
    visitor: Visitor, people: Mapping[str, list[Person]], tmp_path: Path
) -> None:
    file = large_file(tmp_path).rename(tmp_path / "conditional-eligibility.csv")
    page = log_in_staff(visitor, people["Publisher"][1])
    visitor.open("/staff/publications/upload/")
    choose(page, file)
    expect(page.get_by_role("alert")).to_contain_text("Choose the right report")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    assert all("422" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()
    visitor.open("/staff/tokens/")
    page.get_by_label("What it is for").fill("weekly job")
    visitor.press("Make it")
    expect(page.locator("#new-token")).to_have_text(re.compile("^extranet_[a-z2-7]{32}$"))
    visitor.follow("All tokens")
    visitor.press("End weekly job")
    expect(page.locator("main")).to_contain_text("The token has ended.")
