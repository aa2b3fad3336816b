"""The pages on which a secured mail is read: what a person sees, what a machine gets, what halves are worth apart."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from pytest_django import Settings

from extranet.credentials.models import Account
from extranet.credentials.onboarding import onboard
from extranet.jobs.logs import withhold
from extranet.mail.models import HeldLink, HeldMessage, OutboxMail
from extranet.mail.outbox import body_of
from extranet.profile.in_force import policy
from tests.credentials.people import events, mails, new_agent, try_login
from tests.web.reset_site.browser import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None, now: datetime, settings: Settings) -> Account:
    """Taken in on this Monday, where secured mails are picked up."""
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"secured_mail": "pickup"})
    agent = new_agent()
    onboard(now=now)
    return Account.objects.select_related("agent").get(agent=agent)


def link_in(mail: OutboxMail) -> str:
    found = re.search(r"http\S+/secured/\S+", body_of(mail).text)
    assert found
    return found[0]


@pytest.fixture
def first_link(alice: Account) -> str:
    return link_in(OutboxMail.objects.get(kind="password", about=alice.username))


def second_link() -> str:
    return link_in(OutboxMail.objects.filter(kind="secured_link").latest("posted_at"))


def test_from_the_notice_to_the_password_and_in(
    browser: Browser, alice: Account, first_link: str, now: datetime
) -> None:
    browser.open(first_link)
    assert alice.username not in browser.text
    code = browser.send(username="4000001").page.by_id["letter-code"]
    browser.open(second_link()).send(code=code)
    found = re.search(r"\b\w{4}(-\w{4}){3,}\b", browser.words)
    assert found
    assert try_login(alice, found[0], now=now).must_change


def test_every_answer_of_the_walk_is_kept_by_no_cache_and_tells_no_referrer(
    browser: Browser, alice: Account, first_link: str
) -> None:
    code = browser.open(first_link).send(username="4000001").page.by_id["letter-code"]
    for answer in (browser.open(first_link), browser.open(second_link()), browser.send(code=code)):
        assert "no-store" in answer.response["Cache-Control"]
        assert answer.response["Referrer-Policy"] in ("same-origin", "no-referrer")


def test_the_phone_that_opens_the_mail_reads_it_and_nobody_else(
    browser: Browser, other: Browser, alice: Account, first_link: str, clock: time_machine.Traveller
) -> None:
    code = browser.open(first_link).send(username="4000001").page.by_id["letter-code"]
    other.open(second_link()).send(code=code)
    text = other.page.by_id["letter-subject"]
    assert other.open(other.url).page.by_id["letter-subject"] == text
    assert browser.open(other.url).status == 410
    assert browser.open(first_link).status == 410
    clock.shift(timedelta(minutes=10))
    assert other.open(other.url).status == 410


def test_two_letters_read_in_one_browser_can_both_be_seen_again(
    browser: Browser, alice: Account, clock: time_machine.Traveller
) -> None:
    """Each has a cookie of its own, which ends by itself: they do not heap up."""
    pages = []
    for kind in ("username", "password"):
        clock.shift(timedelta(seconds=1))
        first = link_in(OutboxMail.objects.get(kind=kind))
        code = browser.open(first).send(username="4000001").page.by_id["letter-code"]
        browser.open(second_link()).send(code=code)
        pages.append((browser.url, browser.page.by_id["letter-subject"]))
    assert len(set(pages)) == 2
    assert [(url, browser.open(url).page.by_id["letter-subject"]) for url, _ in pages] == pages
    cookies = [one for name, one in browser.client.cookies.items() if "secured-shown" in name]
    assert [(one["max-age"], one["path"]) for one in cookies] == [(policy().shown_password_minutes * 60, "/")] * 2


def test_looking_changes_nothing(browser: Browser, other: Browser, alice: Account, first_link: str) -> None:
    browser.open(first_link).send(username="4000001")
    before = [*HeldMessage.objects.values(), *HeldLink.objects.values()]
    count = len(mails())
    for link in (first_link, second_link()):
        path = link.replace("http://reset.test", "")
        assert other.open(link).status == 200
        assert other.client.head(path).status_code == 200
        assert other.client.get(path.rstrip("/")).status_code == 200  # cut by a mail program
    assert [*HeldMessage.objects.values(), *HeldLink.objects.values()] == before
    assert len(mails()) == count
    assert "<script" not in other.text


def test_a_scanner_that_submits_every_form_reads_nothing(
    browser: Browser, other: Browser, alice: Account, first_link: str
) -> None:
    for typed in ("", "4000001@agents.test"):
        assert other.open(first_link).send(username=typed).status == 200
        assert 'role="alert"' in other.text
    assert not OutboxMail.objects.filter(kind="secured_link").exists()
    code = browser.open(first_link).send(username="4000001").page.by_id["letter-code"]
    for typed in ("", "4000001@agents.test"):
        assert other.open(second_link()).send(code=typed).status == 200
    assert browser.open(second_link()).send(code=code).page.by_id["letter-subject"]


def test_charlie_with_both_links_and_a_name_of_his_own_reads_nothing(
    browser: Browser, other: Browser, alice: Account, first_link: str
) -> None:
    browser.open(first_link).send(username="4000001")
    other.open(first_link).send(username="4000003")
    assert "letter-code" not in other.page.by_id
    for code in ("AAAAAA", "CCCCCC", "DDDDDD", "FFFFFF", "HHHHHH"):
        other.open(second_link()).send(code=code)
        assert "letter-subject" not in other.page.by_id
    assert other.open(second_link()).status == 410


def test_a_code_page_of_another_walk_or_browser_is_over(
    browser: Browser, other: Browser, alice: Account, first_link: str
) -> None:
    browser.open(first_link).send(username="4000001")
    letter = browser.url
    assert other.open(letter).status == 410
    assert "code" not in browser.open(letter.replace("/secured/sent/", "/sent/")).page.by_id  # no password's walk
    browser.ask("4000001")
    assert browser.open(browser.url.replace("/sent/", "/secured/sent/")).status == 410


def test_a_mistyped_or_late_link_gets_the_page_that_says_so(
    browser: Browser, alice: Account, first_link: str, clock: time_machine.Traveller
) -> None:
    for path in ("secured/aaaa/", "secured/link/aaaa/", "secured/read/11111111-1111-4111-8111-111111111111/"):
        assert browser.open(f"http://reset.test/{path}").status == 410
    clock.shift(timedelta(days=14))
    assert browser.open(first_link).status == 410


def test_too_many_names_wait(browser: Browser, alice: Account, first_link: str) -> None:
    for _ in range(5):
        browser.open(first_link).send(username="4000003")
    assert browser.open(first_link).send(username="4000001").status == 429
    assert int(browser.response["Retry-After"]) > 0


def test_a_forged_form_from_elsewhere_is_refused(other: Browser, alice: Account, first_link: str) -> None:
    path = first_link.replace("http://reset.test", "")
    assert other.client.post(path, {"username": "4000001"}).status_code == 403
    assert not OutboxMail.objects.filter(kind="secured_link").exists()


def test_no_log_line_and_no_event_holds_the_token_or_the_code(
    browser: Browser, alice: Account, first_link: str
) -> None:
    code = browser.open(first_link).send(username="4000001").page.by_id["letter-code"]
    token = first_link.rstrip("/").rpartition("/")[2]
    assert token not in withhold(None, "warning", {"event": f"Gone: {first_link}"})["event"]
    browser.open(second_link()).send(code=code)
    told = str([event.detail for name in ("asked", "read", "shown-again") for event in events(f"mail:held:{name}")])
    assert token not in told
    assert code not in told
