"""The agreement comes before the first look, once a version (J28)."""

from datetime import datetime

import pytest
from django.test import Client
from pytest_django import Settings

from extranet.credentials.models import Account
from extranet.profile.loader import current
from tests.credentials.people import events, fresh
from tests.web.people import signed_in, text_of

PAGES = (current().portal_path, "/reports/book-of-business/", "/reports/book-of-business/download/", "/account/")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_opens_before_it(alice: Account, published: None, page: str) -> None:
    client = signed_in(alice, agreed=False)
    assert client.get(page).headers["Location"] == "/agreement/"
    assert not events("book:view:done")


def test_accepting_opens_the_portal_and_is_recorded_once(alice: Account) -> None:
    client = signed_in(alice, agreed=False)
    page = client.get("/agreement/")
    assert "I agree" in text_of(page)
    for _ in range(2):
        answer = client.post("/agreement/", {"version": page.context["version"]})
        assert answer.headers["Location"] == current().portal_path
    assert client.get(current().portal_path).status_code == 200
    assert len(events("account:agreement:accepted", alice.username)) == 1


def test_looking_at_it_accepts_nothing(alice: Account) -> None:
    client = signed_in(alice, agreed=False)
    client.get("/agreement/")
    client.head("/agreement/")
    assert fresh(alice).agreement_accepted_at is None


def test_a_text_that_is_not_in_force_cannot_be_agreed_to(alice: Account) -> None:
    client = signed_in(alice, agreed=False)
    assert "has changed in the meantime" in text_of(client.post("/agreement/", {"version": "0"}))
    assert fresh(alice).agreement_version == ""


def test_a_new_version_asks_again(alices: Client, alice: Account, settings: Settings) -> None:
    assert alices.get("/account/").status_code == 200
    changed = settings.EXTRANET.model_copy(update={"profile": "tests/profiles/evergreen"})
    settings.EXTRANET = changed  # its agreement has another version
    assert alices.get("/account/").headers["Location"] == "/agreement/"


def test_who_agreed_sees_when(alices: Client, now: datetime) -> None:
    page = text_of(alices.get("/agreement/"))
    assert "on November 16, 2026 at 9:00 AM PST" in page
    assert "I agree" not in page
