"""The Monday of a newly certified agent, from the mailbox to the log-out (J3 - J14, J24, J25, J28)."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser.people import PORTAL, Person, first_day, license_of, log_in
from tests.browser.visitor import Visitor

LICENSE_COLUMN = "Agent License"


def test_a_new_agent_lives_through_the_first_monday(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    fresh = people["Newly certified agent"][0]
    subjects = visitor.open(fresh.mails).locator("#mails tbody a").all_inner_texts()
    assert [
        sum(subject.endswith(part) for subject in subjects) for part in ("Informational", "Username", "Password")
    ] == [1, 1, 1]
    page = first_day(visitor, fresh)
    assert page.url.endswith(PORTAL)
    navigation = page.get_by_role("navigation", name="Agent")
    page = visitor.follow("Book of Business", within=navigation)
    expect(page.locator("#table tbody tr").first).to_be_visible()
    visitor.follow("Conditional Eligibility Extract", within=navigation)
    page = visitor.follow("Account", within=navigation)
    expect(page.locator("#logins")).to_contain_text("this session")
    visitor.follow("Change your password")
    visitor.follow("Help", within=navigation)
    page = visitor.press("Log out")
    assert "ended=logout" in page.url
    page = visitor.open("/reports/book-of-business/")
    assert "/login/" in page.url


def test_a_large_book_is_searched_filtered_sorted_and_turned_over(
    visitor: Visitor, people: Mapping[str, list[Person]]
) -> None:
    page = _large_book(visitor, people)
    whole = _count(page)
    surname = page.locator('td[data-label="Last Name"]').first.inner_text()

    visitor.follow(re.compile("^Next"))
    assert "page=2" in page.url
    visitor.follow(re.compile("^Last Name"))
    names = page.locator('td[data-label="Last Name"]').all_inner_texts()
    assert names == sorted(names)

    visitor.type(Search_in_names_and_numbers=surname)
    visitor.press("Search")
    assert surname not in page.url
    assert 0 < _count(page) < whole
    found = page.locator("#table tbody tr").all_inner_texts()
    assert all(surname.casefold() in row.casefold() for row in found)

    visitor.follow("Show all")
    assert _count(page) == whole


def test_a_filter_leaves_what_was_chosen_and_the_download_is_exactly_that(
    visitor: Visitor, people: Mapping[str, list[Person]], tmp_path: Path
) -> None:
    page = _large_book(visitor, people)
    page.locator("details.app-filters > summary").click()
    page.locator("summary").filter(has_text=re.compile("^Metal Tier$")).click()
    page.locator("label").filter(has_text=re.compile("^Gold")).click()
    visitor.examine()
    visitor.press("Apply filters")
    assert set(page.locator('td[data-label="Metal Tier"]').all_inner_texts()) == {"Gold"}
    shown = _count(page)

    license = license_of(people["Agent with a large book"][0])
    head, *rows = csv.reader(visitor.download("CSV", tmp_path).read_text("utf-8-sig").splitlines())
    assert len(rows) == shown
    assert {row[head.index(LICENSE_COLUMN)] for row in rows} == {license}

    sheet = load_workbook(visitor.download("Excel", tmp_path)).worksheets[0]
    titles, *cells = list(sheet.iter_rows(values_only=True))
    assert len(cells) == shown
    assert {row[titles.index(LICENSE_COLUMN)] for row in cells} == {license}  # text, never a number


def test_a_past_week_says_that_it_is_one(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = _large_book(visitor, people)
    as_of = page.locator("main .usa-intro strong").inner_text()
    page.get_by_label("Week").select_option(index=1)
    visitor.press("Show")
    assert page.locator("main .usa-intro strong").inner_text() != as_of
    visitor.follow("Open the newest")
    assert page.locator("main .usa-intro strong").inner_text() == as_of
    visitor.follow("Show every column")


def test_what_changed_is_told_case_by_case_and_a_count_leads_to_its_cases(
    visitor: Visitor, people: Mapping[str, list[Person]]
) -> None:
    _large_book(visitor, people)
    page = visitor.follow("What changed since the week before")
    whole = page.locator("main section").count()
    assert whole > 1
    expect(page.locator("main section dl").first).to_be_visible()
    visitor.follow(re.compile("gone case"))
    assert page.locator("main section dl").count() == 0
    visitor.follow("Show all changes")
    assert page.locator("main section").count() == whole
    for label in ("Week", "Compared with"):  # both the oldest, however many there are by now
        weeks = page.get_by_label(label, exact=True)
        weeks.select_option(index=weeks.locator("option").count() - 1)
    visitor.press("Compare")
    expect(page.locator("main")).to_contain_text("no earlier week")
    visitor.open("/reports/conditional-eligibility/changes/")


def test_a_manager_opens_the_agency_s_books_and_no_other(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    manager, stranger = people["Agency manager"][0], people["Agent with a large book"][0]
    page = log_in(visitor, manager.username, manager.password)
    visitor.follow(re.compile("^Book of Business of "), within=page.locator("main"))
    assert "agent=" in page.url
    visitor.open(f"/reports/book-of-business/?agent={license_of(stranger)}", status=404)


def test_a_warned_agent_is_told_until_when(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    person = people["Warned agent"][0]
    page = log_in(visitor, person.username, person.password)
    expect(page.get_by_role("status").filter(has_text="Your password is valid")).to_be_visible()
    visitor.follow("Change your password")


def _large_book(visitor: Visitor, people: Mapping[str, list[Person]]) -> Page:
    person = people["Agent with a large book"][0]
    log_in(visitor, person.username, person.password)
    return visitor.follow("Open Book of Business")


def _count(page: Page) -> int:
    """How many rows there are, or fit."""
    text = page.locator("#count").inner_text().replace(",", "")
    found = re.match(r"(\d+) of \d+", text) or re.search(r"(\d+) rows?", text)
    assert found is not None, text
    return int(found.group(1))
