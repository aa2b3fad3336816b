"""The link of a new member of staff, seen by somebody before its owner: it shows, and gives away nothing that lasts."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from extranet.audit.record import Actor
from extranet.credentials.models import Account, StaffRole
from extranet.credentials.second_factor import code_at, secret_of
from extranet.credentials.staff import add_staff
from tests.web.people import browser, log_in, text_of

PASSWORD = "quiet otter paints seven boats"


@pytest.fixture
def link(db: None) -> str:
    invited = add_staff(
        name="ada",
        role=StaffRole.AUDITOR,
        display_name="Ada Example",
        email="ada@exchange.example",
        by=Actor.shell(),
        now=timezone.now(),
    )
    return invited.link.removeprefix("http://portal.test")


def key_on(page: str) -> str:
    found = re.search(r'<code class="app-key">([^<]+)</code>', page)
    assert found
    return found[1].replace(" ", "")


def set_up(client: Client, link: str, key: str) -> int:
    typed = {"password": PASSWORD, "again": PASSWORD, "code": code_at(secret=key, now=timezone.now())}
    answer = client.post(link, typed)
    return 200 if "recovery" in text_of(answer).lower() and "<form" not in text_of(answer).split("<main")[1] else 400


def test_the_same_browser_sees_the_same_key_again(link: str) -> None:
    ada = browser()
    assert key_on(text_of(ada.get(link))) == key_on(text_of(ada.get(link)))


def test_what_a_scanner_was_shown_is_not_the_key_that_the_owner_takes(link: str) -> None:
    scanners = key_on(text_of(browser().get(link)))
    ada = browser()
    hers = key_on(text_of(ada.get(link)))
    assert hers != scanners
    assert set_up(ada, link, hers) == 200
    assert secret_of(Account.objects.get(username="staff\\ada")) == hers
    assert log_in(ada, "staff\\ada", PASSWORD)["Location"] == "/login/second-factor/"


def test_a_key_from_another_browser_sets_nothing_up(link: str) -> None:
    scanners = key_on(text_of(browser().get(link)))
    ada = browser()
    ada.get(link)
    assert set_up(ada, link, scanners) == 400
    assert set_up(browser(), link, scanners) == 400
    assert ada.get(link).status_code == 200
