"""Whom one may play, as the demonstration's first page shows them, and what everybody does: log in, read mails."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.visitor import Visitor

GENERATED = re.compile(r"\b[a-z2-9]{4}(?:-[a-z2-9]{4}){4}\b")
MAILBOX = "/demo/mailbox/"
DELIVERY_SECONDS = 20
OWN = "seven green herons over the levee"
PORTAL = "/sites/ccAgentPortal"


@dataclass(frozen=True)
class Person:
    """One row of "Who you can be". ``password`` is blank where it comes by mail; ``mails`` leads to these then."""

    who: str
    username: str
    password: str
    mails: str


def read_people(visitor: Visitor) -> Mapping[str, list[Person]]:
    """All rows of the table, by the role; several new agents share one."""
    page = visitor.open("/demo/")
    people: dict[str, list[Person]] = {}
    for row in page.locator("#accounts-table tbody tr").all():
        who, username, password = (cell.inner_text().strip() for cell in row.locator("th, td").all()[:3])
        found = GENERATED.search(password)
        mails = row.get_by_role("link", name="in the mailbox")
        address = str(mails.get_attribute("href")) if mails.count() else ""
        person = Person(who, username, found.group() if found else "", address)
        people.setdefault(who.split(":")[0], []).append(person)
    return people


def log_in(visitor: Visitor, username: str, password: str) -> Page:
    """From the portal's address, by typing."""
    if "/login/" not in visitor.page.url:
        visitor.open(PORTAL)
    visitor.type(User_name=username, Password=password)
    return visitor.press("Log In")


def choose_own(visitor: Visitor, old: str, own: str = OWN) -> Page:
    """The change that follows the first login with a generated password."""
    visitor.type(Present_password=old, New_password=own)
    visitor.page.get_by_label("New password, again").press_sequentially(own)
    return visitor.press("Change password")


_spent: dict[str, str] = {}  # the last code of each person


def log_in_staff(visitor: Visitor, person: Person) -> Page:
    """With the code that the demonstration shows for this moment."""
    log_in(visitor, person.username, person.password)
    visitor.type(Code=_code(visitor, person))
    return visitor.press("Continue")


def _code(visitor: Visitor, person: Person) -> str:
    """Read in another tab, as one would look at a phone."""
    tab = visitor.context.new_page()
    tab.goto("/demo/codes/")
    row = tab.locator("#codes tbody tr").filter(has_text=person.username)
    while (code := row.locator("code").first.inner_text()) == _spent.get(person.username):
        tab.wait_for_timeout(1000)  # a code is worth one login: the next one comes within 30 seconds
        tab.reload()
    tab.close()
    _spent[person.username] = code
    return code


def newest_mail(visitor: Visitor, mails: str, subject: str, *, known: int = 0) -> str:
    """Look into the mailbox until more than ``known`` mails have that in their subject; the text of the newest."""
    end = time.monotonic() + DELIVERY_SECONDS
    while count_mails(visitor, mails, subject) <= known:
        assert time.monotonic() < end, f"no mail {subject!r}"
        visitor.page.wait_for_timeout(250)
    page = visitor.follow(re.compile(re.escape(subject)), within=visitor.page.locator("main"))
    return page.locator("main").inner_text()


def count_mails(visitor: Visitor, mails: str, subject: str) -> int:
    """How many mails with that in their subject have arrived."""
    return visitor.open(mails).locator("#mails tbody th").filter(has_text=subject).count()


def first_day(visitor: Visitor, person: Person) -> Page:
    """Read the three mails, log in by what they say, choose a password, agree; ends at home."""
    newest_mail(visitor, person.mails, "– Informational")
    name = re.search(r"your user name: (\S+)", newest_mail(visitor, person.mails, "– Username"))
    password = GENERATED.search(newest_mail(visitor, person.mails, "– Password"))
    assert name is not None
    assert password is not None
    page = log_in(visitor, name.group(1), password.group())
    assert page.title().startswith("Choose your own password")
    choose_own(visitor, password.group())
    assert page.url.endswith("/agreement/")
    return visitor.press("I agree")


def license_of(person: Person) -> str:
    """The license number that the user name is made from."""
    return person.username.rpartition("_")[2]
