"""The desk looks a mail up, reads what is no secret, and sends it again by keyboard; on a phone as well."""

from collections.abc import Mapping

from playwright.sync_api import expect

from tests.browser.people import Person, license_of, log_in_staff
from tests.browser.visitor import Visitor


def test_the_desk_finds_a_mail_and_sends_it_again(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = log_in_staff(visitor, people["Service Desk"][0])
    about = license_of(people["Warned agent"][0])  # nobody whose mails another test counts
    visitor.open("/staff/mail/?state=all&kind=expiry_warning")
    visitor.examine()
    visitor.type(About=about)
    visitor.press("Apply filters")
    page.locator("#table tbody a").first.click()
    visitor.examine()
    expect(page.locator("main")).to_contain_text("What it said")
    page.get_by_role("button", name="Send again").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("The mail is on its way again")
    visitor.open("/staff/mail/held-back/")
    visitor.examine()
    visitor.open("/staff/mail/?state=all&kind=password")
    page.locator("#table tbody a").first.click()
    expect(page.locator("main")).to_contain_text("never sent twice")
    assert page.get_by_role("button", name="Send again").count() == 0
