"""Who chooses the words looks at them: the desk sees every mail as mail programs show it; an agent reads in Spanish."""

import re
from collections.abc import Mapping

from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor
from tests.browser.people import MAILBOX, Person, log_in, log_in_staff, newest_mail
from tests.browser.test_reset import ask
from tests.browser.visitor import Visitor

MAIL = "/staff/mail/words/en/expiry_warning/"


def test_the_desk_looks_at_a_mail_in_both_languages(visitor: Visitor, people: Mapping[str, list[Person]]) -> None:
    page = log_in_staff(visitor, people["Service Desk"][0])
    visitor.open("/staff/mail/")
    visitor.follow("What our mails say")
    visitor.follow(re.compile("^Your password expires in 10 days"))
    mail = page.frame_locator("iframe.app-mail")
    expect(mail.get_by_role("heading", name="Change it now")).to_be_visible()
    width = mail.locator("table table").first.evaluate("table => getComputedStyle(table).maxWidth")
    assert width == "600px", "the inline styles of the mail hold"
    visitor.follow("español")
    expect(mail.get_by_role("heading", name="Cámbiela ahora")).to_be_visible()
    visitor.follow("Today")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Su contraseña vence hoy"))


def test_a_mail_in_the_frame_runs_no_script_and_leads_nowhere(
    visitor: Visitor, people: Mapping[str, list[Person]]
) -> None:
    page = log_in_staff(visitor, people["Service Desk"][0])
    visitor.open(MAIL)
    frame = page.locator("iframe.app-mail")
    assert frame.get_attribute("sandbox") == ""
    mail = page.frame_locator("iframe.app-mail")
    expect(mail.get_by_role("link", name="Log In")).to_be_visible()
    answer = page.request.get(f"{visitor.exchange.url}{MAIL}html/")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_an_agent_without_javascript_asks_for_spanish_and_gets_it(
    new_visitor: NewVisitor, people: Mapping[str, list[Person]]
) -> None:
    plain, person = new_visitor(javascript=False), people["Agency manager"][0]
    log_in(plain, person.username, person.password)
    page = plain.open("/account/")
    page.get_by_label("Language of my e-mails").select_option("es")
    plain.press("Save the language")
    expect(page.get_by_text("Our e-mails to you are in this language from now on: español.")).to_be_visible()
    ask(new_visitor(), person.username)
    assert "Usted pidió" in newest_mail(new_visitor(), MAILBOX, "Su contraseña nueva")
    plain.open("/account/")
    page.get_by_label("Language of my e-mails").select_option("en")  # others of this exchange come after us
    plain.press("Save the language")
