"""Forms filled in as no browser does: twice, in the address, with fields that nobody asked for, encoded again."""

from urllib.parse import quote, urlencode

import pytest
from django.utils import timezone

from extranet.audit.actions import Action
from extranet.credentials.models import Account
from tests.credentials.people import CHOSEN, NEW, events, fresh, new_account
from tests.web.people import browser, log_in, signed_in

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def alice(db: None) -> Account:
    return new_account("4000001", now=timezone.now())


def test_a_password_in_the_address_logs_nobody_in(alice: Account) -> None:
    client, pair = browser(), {"username": alice.username, "password": CHOSEN}
    client.get("/login/", pair)
    client.post(f"/login/?{urlencode(pair)}", {})
    client.post(f"/login/?{urlencode({'password': CHOSEN})}", {"username": alice.username})
    assert events(Action.LOGIN_SUCCEEDED) == []
    log_in(client, alice)
    assert len(events(Action.LOGIN_SUCCEEDED)) == 1


def test_of_two_names_in_one_form_the_same_one_is_counted_compared_and_recorded(alice: Account) -> None:
    """A counter that reads another of the two than the comparison would be a way round it."""
    bob = new_account("4000002", now=timezone.now(), first_name="Bob")
    pairs = [("username", alice.username), ("username", bob.username), ("password", "wrong")]
    browser().post("/login/", urlencode(pairs), content_type=FORM)
    assert len(events(Action.LOGIN_REFUSED, bob.username)) == 1
    assert events(Action.LOGIN_REFUSED, alice.username) == []
    client = browser()
    client.post("/login/", urlencode([*pairs[:2], ("password", CHOSEN)]), content_type=FORM)
    assert [event.subject for event in events(Action.LOGIN_SUCCEEDED)] == [bob.username]


def test_fields_that_no_form_asks_for_change_nothing(alice: Account) -> None:
    """Every field of an account, sent along with a real change of its password."""
    client, before = signed_in(alice), fresh(alice)
    asked = {"old": CHOSEN, "new": NEW, "again": NEW}
    taken = {
        "role": "administrator",
        "kind": "staff",
        "username": "staff\\alice",
        "agent": "",
        "agent_id": "",
        "staff_email": "charlie@evil.example",
        "is_staff": "1",
        "disabled_at": "",
        "imported": "true",
        "expires_on": "2099-01-01",
        "temporary": "true",
        "agreement_version": "",
        "email": "charlie@evil.example",
    }
    answer = client.post("/account/password/", taken | asked)
    assert answer.status_code == 302
    after = fresh(alice)
    assert after.password_serial == before.password_serial + 1
    for name in ("role", "kind", "username", "agent_id", "staff_email", "imported", "temporary", "agreement_version"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.address == before.address
    assert after.expires_on is not None
    assert after.expires_on.year < 2099


def test_what_was_encoded_twice_is_decoded_once(alice: Account) -> None:
    log_in(browser(), quote(alice.username).replace("_", "%5F"))
    assert events(Action.LOGIN_SUCCEEDED) == []
    client = signed_in(alice)
    assert client.get("/reports/book-of-business/").status_code == 200
    assert client.get("/reports/book%2Dof%2Dbusiness/").status_code == 200
    assert client.get("/reports/book%252Dof%252Dbusiness/").status_code == 404
