"""A proof again before a download and before changes of the factors; then on, under another session id (IA-11)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from extranet.agents.models import EmailChange
from extranet.credentials.models import Account
from extranet.credentials.second_factor import code_at, secret_of
from extranet.reports.publish import publish
from tests.credentials.authenticator import SoftKey
from tests.credentials.people import CHOSEN, events
from tests.reports.exchange import ALICE, BOOK, MONDAY, book_row, csv_file
from tests.web.own_factors.conftest import Choose, Clock
from tests.web.own_factors.walks import APP, CONFIRM, FACTORS, add_passkey, set_up_app
from tests.web.people import browser, signed_in, text_of
from tests.web.portal.conftest import PUBLISHER

FILE = "/reports/book-of-business/download/?format=csv"


@pytest.fixture
def published(alice: Account, now: datetime) -> None:
    rows = [{**book_row(ALICE, 1, last_name="Abbott"), "extract_date": MONDAY.isoformat()}]
    publish(kind=BOOK, source=csv_file(rows, BOOK), as_of=MONDAY, by=PUBLISHER, now=now, release=True)


def wait(client: Client, clock: Clock, now: datetime, minutes: int) -> datetime:
    """Let the time go by with a look at a page now and then, so that the session is not idle."""
    for passed in range(10, minutes, 10):
        clock.move_to(now + timedelta(minutes=passed))
        client.get("/account/")
    clock.move_to(now + timedelta(minutes=minutes))
    return now + timedelta(minutes=minutes)


def confirm(client: Client, account: Account, at: datetime) -> Any:
    return client.post(CONFIRM, {"code": code_at(secret=secret_of(account), now=at)})


@pytest.mark.usefixtures("published")
def test_where_policy_says_so_a_download_waits_for_a_code_and_then_comes(
    alice: Account, under_policy: Choose, clock: Clock, now: datetime
) -> None:
    client = signed_in(alice)
    set_up_app(client)
    under_policy("arc_ampe")
    assert client.get(FILE).headers["Content-Disposition"].startswith("attachment")
    later = wait(client, clock, now, 30)
    assert client.get("/reports/book-of-business/").status_code == 200  # reading needs none
    assert client.get(FILE).headers["Location"] == CONFIRM
    before = client.session.session_key
    assert "Continue" in text_of(client.get(CONFIRM))
    assert confirm(client, alice, later).headers["Location"] == CONFIRM
    assert client.session.session_key != before
    onward = text_of(client.get(CONFIRM))
    assert f'content="0; url={FILE}"' in onward
    assert client.get(FILE).headers["Content-Disposition"].startswith("attachment")
    stolen = browser()
    stolen.cookies["session"] = str(before)
    assert stolen.get(FILE).headers["Location"].startswith("/login/")


@pytest.mark.usefixtures("published")
def test_under_the_job_aids_policy_the_login_will_do(alice: Account, clock: Clock, now: datetime) -> None:
    client = signed_in(alice)
    set_up_app(client)
    wait(client, clock, now, 60)
    assert client.get(FILE).headers["Content-Disposition"].startswith("attachment")


@pytest.mark.usefixtures("published")
def test_no_byte_of_the_book_before_the_proof(
    alice: Account, under_policy: Choose, clock: Clock, now: datetime
) -> None:
    client = signed_in(alice)
    set_up_app(client)
    under_policy("arc_ampe")
    wait(client, clock, now, 30)
    client.get(FILE)
    assert "does not fit" in text_of(client.post(CONFIRM, {"code": "000000"}))
    assert client.get(FILE).headers["Location"] == CONFIRM
    assert not events("book:download:done")


def test_too_many_codes_wait(alice: Account, clock: Clock, now: datetime) -> None:
    client = signed_in(alice)
    set_up_app(client)
    wait(client, clock, now, 15)
    answers = [client.post(CONFIRM, {"code": "000000"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1800"


def test_removing_a_factor_needs_a_proof_of_the_last_minutes_under_every_policy(
    alice: Account, clock: Clock, now: datetime
) -> None:
    client = signed_in(alice)
    set_up_app(client)
    later = wait(client, clock, now, 20)
    assert client.post(f"{APP}remove/").headers["Location"] == CONFIRM
    assert secret_of(alice)
    confirm(client, alice, later)
    assert client.get(CONFIRM).headers["Location"] == FACTORS  # a form is not sent again by itself
    client.post(f"{APP}remove/")
    assert "was removed" in text_of(client.get(FACTORS))


def test_a_passkey_proves_it_too(alice: Account, clock: Clock, now: datetime) -> None:
    client, key = signed_in(alice), SoftKey()
    add_passkey(client, key)
    wait(client, clock, now, 20)
    assert client.get(FACTORS).headers["Location"] == CONFIRM
    assert "Use a passkey" in text_of(client.get(CONFIRM))
    refused = client.post(f"{CONFIRM}passkey/", {"credential": "{}"})
    assert "does not fit" in text_of(refused)
    options = client.post(f"{CONFIRM}passkey/begin/").json()
    assert client.post(f"{CONFIRM}passkey/", {"credential": key.get(options)}).headers["Location"] == CONFIRM
    assert client.get(CONFIRM).headers["Location"] == FACTORS
    assert client.get(FACTORS).status_code == 200


def test_who_has_no_factor_yet_gives_the_password_after_a_while(alice: Account, clock: Clock, now: datetime) -> None:
    client = signed_in(alice)
    assert client.get(APP).status_code == 200
    wait(client, clock, now, 20)
    assert client.get(APP).headers["Location"] == CONFIRM
    assert "not your present password" in text_of(client.post(CONFIRM, {"password": "not it"}))
    assert client.post(CONFIRM, {"password": CHOSEN}).headers["Location"] == CONFIRM
    assert client.get(CONFIRM).headers["Location"] == APP


def test_the_page_leads_nowhere_that_it_was_not_told(alice: Account) -> None:
    client = signed_in(alice)
    answer = client.get(f"{CONFIRM}?next=https://evil.test/")
    assert answer.headers["Location"] == FACTORS


def test_who_has_a_factor_proves_it_before_the_address_changes_and_who_has_none_does_not(
    alice: Account, bob: Account, clock: Clock, now: datetime
) -> None:
    hers, his = signed_in(alice), signed_in(bob)
    set_up_app(hers)
    clock.move_to(now + timedelta(minutes=10))
    his.get("/account/")
    later = wait(hers, clock, now, 20)
    fields = {"new_email": "alice@example.net", "password": CHOSEN}
    for answer in (hers.get("/account/email/"), hers.post("/account/email/", fields)):
        assert answer.headers["Location"] == CONFIRM
    assert not EmailChange.objects.exists()
    confirm(hers, alice, later)
    assert hers.post("/account/email/", fields).headers["Location"] == "/account/email/"
    assert EmailChange.objects.get().agent == alice.agent
    assert his.get("/account/email/").status_code == 200  # the password is asked for on the page itself
