"""A file that looks wrong: the page of its upload follows by itself, and a second publisher overrules by keyboard."""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import Person, log_in_staff
from tests.browser.visitor import Visitor
from tests.reports.exchange import book_row, csv_text

REASON = "The exchange sent it a day late, and said so."
WORKS_WITHIN = 30_000  # milliseconds until the worker has published it
UNKNOWN = "9Z99999"


def send_odd_file(page: Page) -> None:
    """Of a Tuesday, for nobody, with a faulty row."""
    monday = date.fromisoformat(page.get_by_label("As of").input_value())
    day = (monday - timedelta(days=6)).isoformat()
    rows = [book_row(UNKNOWN, number, extract_date=day) for number in range(1, 9)]
    rows[3]["res_zip"] = "x"
    page.get_by_label("As of").fill(day)
    file = {"name": "book.csv", "mimeType": "text/csv", "buffer": csv_text(rows).encode()}
    page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]


def test_a_second_publisher_overrules_what_the_first_has_sent(
    visitor: Visitor, new_visitor: NewVisitor, people: Mapping[str, list[Person]], tmp_path: Path
) -> None:
    first, second = sorted(people["Publisher"], key=lambda person: person.username.endswith("second"))
    page = log_in_staff(visitor, first)
    visitor.open("/staff/publications/upload/")
    send_odd_file(page)
    visitor.press("Send")
    expect(page.locator("main")).to_contain_text("held: it waits", timeout=WORKS_WITHIN)  # without a click
    visitor.follow("Open the publication")
    expect(page.locator("main")).to_contain_text("You cannot release this one: it is held: another person")
    expect(page.locator("#stop-1")).to_contain_text("1 of 8")
    with visitor.download("Download the list (CSV)", tmp_path).open(encoding="utf-8-sig", newline="") as file:
        assert [row[:2] for row in csv.reader(file)] == [["Line", "Column"], ["5", "Residence ZIP"]]

    other = new_visitor()
    read = log_in_staff(other, second)
    other.open(page.url)
    read.get_by_label("Why is this file right all the same?").focus()
    read.keyboard.type(REASON)
    read.keyboard.press("Tab")
    with read.expect_navigation():
        read.keyboard.press("Enter")
    other.examine()
    expect(read.locator("main")).to_contain_text("State: released")
    expect(read.locator("main")).to_contain_text(REASON)
