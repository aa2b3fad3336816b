"""Staff get in with password and code, through the real pages; without the code nobody does (IA-2)."""

from datetime import datetime

import pytest
from django.utils import timezone

from extranet.credentials.models import Account
from extranet.credentials.second_factor import activate, code_at
from tests.credentials.people import DESK, new_staff
from tests.web.people import browser, log_in

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def dora(db: None, now: datetime) -> Account:
    account = new_staff("dora", now=timezone.now())
    activate(account=account, secret=SECRET, step=0, now=now, by=DESK)
    return account


def test_the_right_code_after_the_right_password_leads_to_the_staff_pages(dora: Account) -> None:
    client = browser()
    assert log_in(client, dora)["Location"] == "/login/second-factor/"
    assert client.get("/login/second-factor/").status_code == 200
    entered = client.post("/login/second-factor/", {"code": code_at(secret=SECRET, now=timezone.now())})
    assert entered["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200


def test_the_password_alone_opens_nothing(dora: Account) -> None:
    client = browser()
    log_in(client, dora)
    assert client.get("/staff/")["Location"].startswith("/login/")
    assert client.post("/login/second-factor/", {"code": "000000"}).status_code in (200, 429)
    assert client.get("/staff/")["Location"].startswith("/login/")


def test_a_code_without_the_password_before_it_opens_nothing(dora: Account) -> None:
    client = browser()
    answered = client.post("/login/second-factor/", {"code": code_at(secret=SECRET, now=timezone.now())})
    assert answered["Location"] == "/login/"
