"""An agent invites somebody, who comes in by the mailed link and sees what was granted, until it is revoked."""

import re
from collections.abc import Mapping

from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import MAILBOX, OWN, PORTAL, Person, log_in, newest_mail
from tests.browser.visitor import Visitor


def test_from_the_invitation_to_the_end(
    visitor: Visitor, new_visitor: NewVisitor, people: Mapping[str, list[Person]]
) -> None:
    agent = people["Agency manager"][0]
    log_in(visitor, agent.username, agent.password)
    visitor.open("/account/")
    visitor.follow("Staff and rights")
    visitor.press("Invite", status=422)
    visitor.type(User_name="olga", Name_of_the_person="Olga Office")
    visitor.type(**{"E-mail_address_of_the_person": "olga@office.example"})
    visitor.page.get_by_text("Download the reports").click()
    page = visitor.press("Invite")
    expect(page.locator("main")).to_contain_text("look at the reports and download them")

    olga = new_visitor()
    mail = newest_mail(olga, f"{MAILBOX}?to=olga@office.example", "You were invited")
    link = re.search(r"https?://\S+/login/enrol/\S+", mail)
    assert link
    olga.open(link[0])
    for label in ("New password", "New password, again"):
        olga.page.get_by_label(label, exact=True).press_sequentially(OWN)
    olga.press("Set up my account")
    olga.follow("Go to the login")
    log_in(olga, f"{agent.username}.olga", OWN)
    olga.press("I agree")
    olga.follow(re.compile("^Open Book of Business"))
    expect(olga.page.get_by_role("link", name="CSV")).to_be_visible()

    visitor.press("Revoke everything")
    olga.open(PORTAL)
    expect(olga.page.locator("main")).to_contain_text("no report is open to you any more")
