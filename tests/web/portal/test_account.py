"""The own account: facts about oneself, the address masked, the last logins; nobody else's (J19, AC-9)."""

import re
from datetime import datetime

from django.test import Client

from extranet.agents.change_email import ask
from extranet.agents.models import EmailChange
from extranet.credentials.models import Account
from extranet.mail.outbox import body_of
from extranet.profile.loader import current
from tests.credentials.people import DESK, events, mails
from tests.web.people import browser, signed_in, text_of
from tests.web.portal.conftest import agent_of


def test_it_shows_who_one_is_and_until_when(alices: Client, alice: Account) -> None:
    page = text_of(alices.get("/account/"))
    assert "ecoveredca\\CC_1H10001" in page
    assert "Friday, January 15, 2027 (60 days left)" in page
    assert "1•••@agents.test" in page
    assert alice.address not in page
    assert current().words["wrong_email"] in page


def test_the_last_logins_are_listed_and_the_present_one_is_marked(alice: Account, bob: Account) -> None:
    signed_in(bob)
    signed_in(alice)
    page = text_of(signed_in(alice).get("/account/"))
    assert page.count("this session") == 1
    assert page.count(">over<") == 1
    assert page.count("198.51.100.0/24") == 2


# The link in the mail to the old address


def _link(alice: Account, now: datetime) -> str:
    change = ask(agent=agent_of(alice), new_email="thief@example.org", source="service_center", by=DESK, now=now)
    (old,) = (mail for mail in mails() if mail.kind == "email_change_old")
    found = re.search(r"http://portal\.test(/email-change/\S+/)", body_of(old).text)
    assert found
    assert change.state == EmailChange.State.WAITING
    return found[1]


def test_looking_at_the_link_changes_nothing_and_the_button_stops_the_change(alice: Account, now: datetime) -> None:
    link, scanner = _link(alice, now), browser()
    for _ in range(5):
        assert scanner.head(link).status_code == 200
        page = text_of(scanner.get(link))
    assert "t•••@example.org" in page
    assert "thief" not in page
    assert EmailChange.objects.get().state == EmailChange.State.WAITING
    assert "stays in force" in text_of(browser().post(link))
    assert EmailChange.objects.get().state == EmailChange.State.VETOED
    assert events("agent:email-change:vetoed")


def test_the_link_works_once(alice: Account, now: datetime) -> None:
    link = _link(alice, now)
    browser().post(link)
    assert browser().post(link).status_code == 410
    assert browser().get(link).status_code == 410


def test_a_made_up_link_is_refused(db: None) -> None:
    assert browser().get("/email-change/abc/").status_code == 410
    assert browser().post("/email-change/abc/").status_code == 410


def test_the_button_needs_our_own_form(alice: Account, now: datetime) -> None:
    assert browser(csrf=True).post(_link(alice, now)).status_code == 403
    assert EmailChange.objects.get().state == EmailChange.State.WAITING


def test_a_change_under_way_is_said_on_the_account(alices: Client, alice: Account, now: datetime) -> None:
    assert "under way" not in text_of(alices.get("/account/"))
    _link(alice, now)
    assert "under way" in text_of(alices.get("/account/"))
