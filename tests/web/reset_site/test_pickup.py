"""The pages of a pick-up: what a person sees, what a machine gets, and what two halves are worth apart."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine

from extranet.credentials.models import Account, ResetLink
from extranet.credentials.onboarding import onboard
from extranet.credentials.username import shown
from extranet.jobs.logs import withhold
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.profile.loader import current
from tests.credentials.people import events, fresh, mails, new_agent, try_login
from tests.credentials.reset_walks import link_in, reset_mails
from tests.policies import put_in_force
from tests.web.reset_site.browser import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Taken in on this Monday, under a policy by which passwords are picked up."""
    put_in_force(monkeypatch, third_mail="pickup")
    agent = new_agent()
    onboard(now=now)
    return Account.objects.select_related("agent").get(agent=agent)


@pytest.fixture
def first_link(alice: Account) -> str:
    text = body_of(OutboxMail.objects.get(kind="pickup", about=alice.username)).text
    found = re.search(r"http\S+/pickup/\S+", text)
    assert found
    return found[0]


def second_link(alice: Account) -> str:
    return link_in(max(reset_mails(alice), key=lambda mail: mail.posted_at))


def test_from_the_third_mail_to_the_password(browser: Browser, alice: Account, first_link: str, now: datetime) -> None:
    browser.open(first_link)
    assert alice.username not in browser.text  # who found one mail learns no name
    browser.send(username=shown(alice.username))
    code = browser.page.by_id["reset-code"]
    assert "4*****@a*****" in browser.words
    browser.open(second_link(alice)).send(code=code)
    password = browser.page.by_id["new-password"]
    assert try_login(alice, password, now=now).must_change
    assert browser.open(browser.url).status == 410  # logged in: shown no more


def test_the_shown_password_can_be_read_aloud(browser: Browser, alice: Account, first_link: str) -> None:
    code = browser.open(first_link).send(username=alice.username).page.by_id["reset-code"]
    browser.open(second_link(alice)).send(code=code)
    password, spelled = browser.page.by_id["new-password"], browser.page.by_id["spelled"]
    assert len(spelled.replace(",", "").split()) == len(password.replace("-", ""))


def test_the_phone_that_opens_the_mail_shows_it_and_nobody_else(
    browser: Browser, other: Browser, alice: Account, first_link: str, clock: time_machine.Traveller
) -> None:
    code = browser.open(first_link).send(username=alice.username).page.by_id["reset-code"]
    other.open(second_link(alice)).send(code=code)
    password = other.page.by_id["new-password"]
    assert other.open(other.url).page.by_id["new-password"] == password
    assert browser.open(other.url).status == 410
    clock.shift(timedelta(minutes=10))
    assert other.open(other.url).status == 410


def test_looking_changes_nothing(other: Browser, alice: Account, first_link: str) -> None:
    before, path = ResetLink.objects.values().get(), first_link.replace("http://reset.test", "")
    for _ in range(5):
        assert other.open(first_link).status == 200
        assert other.client.head(path).status_code == 200
        assert other.client.get(path.rstrip("/")).status_code == 200  # cut by a mail program
    assert ResetLink.objects.values().get() == before
    assert len(mails()) == 3
    assert "<script" not in other.text
    assert "http-equiv" not in other.text


def test_a_scanner_that_submits_every_form_gets_no_mail_sent_and_no_password(
    browser: Browser, other: Browser, alice: Account, first_link: str
) -> None:
    """It keeps its cookies from mail to mail, and fills fields with what it has: nothing, or the address."""
    for typed in ("", "4000001@agents.test"):
        other.open(first_link).send(username=typed)
        assert other.status == 200
        assert 'role="alert"' in other.text
    assert not reset_mails(alice)
    code = browser.open(first_link).send(username=alice.username).page.by_id["reset-code"]
    other.open(second_link(alice)).send(code="")
    other.open(second_link(alice)).send(code="4000001@agents.test")
    assert fresh(alice).password == ""
    assert browser.open(second_link(alice)).send(code=code).page.by_id["new-password"]


def test_a_machine_with_the_cookies_of_who_asked_still_needs_the_code(
    browser: Browser, alice: Account, first_link: str
) -> None:
    browser.open(first_link).send(username=alice.username)
    browser.open(second_link(alice)).send()
    assert "new-password" not in browser.page.by_id
    assert fresh(alice).password == ""


def test_the_code_alone_opens_nothing(browser: Browser, other: Browser, alice: Account, first_link: str) -> None:
    code = browser.open(first_link).send(username=alice.username).page.by_id["reset-code"]
    for form in (first_link, first_link.replace("/pickup/", "/link/")):
        other.open(form)
        if other.status == 200:
            other.send(username=code, code=code)
        assert "new-password" not in other.page.by_id
    assert fresh(alice).password == ""


def test_a_used_late_or_wrong_link_gets_the_page_that_says_so(
    browser: Browser, alice: Account, first_link: str, clock: time_machine.Traveller
) -> None:
    assert browser.open("http://reset.test/pickup/aaaa/").status == 410
    clock.shift(timedelta(days=14))
    assert browser.open(first_link).status == 410
    assert current().words["no_user_name"] in browser.words


def test_too_many_mails_and_too_many_names_wait(browser: Browser, alice: Account, first_link: str) -> None:
    for _ in range(3):
        browser.open(first_link).send(username=alice.username)
    path = first_link.replace("http://reset.test", "")
    page = browser.open(first_link)
    assert page.send(username=alice.username).status == 429
    assert int(browser.response["Retry-After"]) > 3000
    assert browser.client.get(path).status_code == 200
    assert len(reset_mails(alice)) == 3


def test_a_forged_form_from_elsewhere_is_refused(other: Browser, alice: Account, first_link: str) -> None:
    path = first_link.replace("http://reset.test", "")
    assert other.client.post(path, {"username": alice.username}).status_code == 403
    assert not reset_mails(alice)


def test_no_log_line_and_no_event_holds_the_token_or_the_code(
    browser: Browser, alice: Account, first_link: str
) -> None:
    code = browser.open(first_link).send(username=alice.username).page.by_id["reset-code"]
    token = first_link.rstrip("/").rpartition("/")[2]
    assert token not in withhold(None, "warning", {"event": f"Gone: {first_link}"})["event"]
    (event,) = events("account:pickup:asked", alice.username)
    assert token not in str(event.detail)
    assert code not in str(event.detail)
