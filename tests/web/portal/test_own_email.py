"""J19 by the agent's own hand: the password first, a code from the new mailbox, and the old one may stop it."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from extranet.agents.change_email import complete_due
from extranet.agents.models import Agent, EmailChange
from extranet.credentials.models import Account, ResetLink
from extranet.credentials.own_address import end_old_mailbox
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from tests.credentials.people import CHOSEN, events
from tests.credentials.reset_walks import ask, asked, claim
from tests.web.people import Answer, browser, signed_in, text_of

pytestmark = pytest.mark.django_db
PAGE = "/account/email/"
WAIT = timedelta(hours=72)
Clock = time_machine.Traveller


def begin(client: Client, new_email: str = "new@example.org", password: str = CHOSEN) -> Answer:
    return client.post(PAGE, {"new_email": new_email, "password": password})


def code_at(address: str) -> str:
    text = body_of(OutboxMail.objects.filter(kind="email_change_new", to_address=address).latest("posted_at")).text
    found = re.search(r"^[2-9A-Z]{6}$", text, re.M)
    assert found
    return found[0]


def address(account: Account) -> str:
    return Agent.objects.get(account=account).email


def test_alice_changes_her_address_and_proves_it(alices: Client, alice: Account, bob: Account, now: datetime) -> None:
    old = address(alice)
    assert begin(alices).status_code == 302
    page = text_of(alices.get(PAGE))
    assert "n•••@example.org was begun by this page" in page
    assert "Without the code it lapses" in page
    wrong = alices.post(f"{PAGE}prove/", {"code": "AAAAAA"})
    assert "This is not the code. 4 tries are left." in text_of(wrong)
    assert alices.post(f"{PAGE}prove/", {"code": code_at("new@example.org").lower()}).status_code == 302
    assert "In force from" not in page
    complete_due(now=now + WAIT - timedelta(seconds=1))
    assert address(alice) == old
    complete_due(now=now + WAIT)
    assert address(alice) == "new@example.org"
    assert address(bob) != "new@example.org"
    told = OutboxMail.objects.filter(kind="email_changed").values_list("to_address", flat=True)
    assert set(told) == {old, "new@example.org"}


def test_without_the_present_password_nothing_begins(alices: Client, alice: Account) -> None:
    answer = begin(alices, password="violet kettle ambulances")
    assert "This is not your present password." in text_of(answer)
    assert not EmailChange.objects.exists()
    assert not OutboxMail.objects.exists()
    assert [event.detail for event in events("agent:email-change:refused", alice.username)] == [{"reason": "old_wrong"}]


def test_the_password_cannot_be_guessed_there(alices: Client, alice: Account) -> None:
    for _ in range(5):
        begin(alices, password="wrong")
    answer = begin(alices)
    assert (answer.status_code, answer["Retry-After"]) == (429, "1800")
    assert not EmailChange.objects.exists()


@pytest.mark.parametrize("new_email", ["", "nowhere", "a@b@c", "x" * 300 + "@example.org"])
def test_what_is_no_address_is_said_beside_its_field(new_email: str, alices: Client) -> None:
    assert 'id="id_new_email-error" role="alert"' in text_of(begin(alices, new_email))
    assert not EmailChange.objects.exists()


def test_three_changes_a_day_may_be_begun(alices: Client) -> None:
    for number in range(3):
        assert begin(alices, f"new{number}@example.org").status_code == 302
    answer = begin(alices, "new3@example.org")
    assert answer.status_code == 429
    assert "Three changes were begun in a day" in text_of(answer)
    assert EmailChange.objects.filter(new_email="new3@example.org").count() == 0
    assert EmailChange.objects.get(state="waiting").new_email == "new2@example.org"


def test_she_sees_it_at_home_and_may_stop_it_there(alices: Client, alice: Account, now: datetime) -> None:
    begin(alices)
    assert "A change of your e-mail address is under way" in text_of(alices.get("/sites/ccAgentPortal"))
    alices.post(f"{PAGE}stop/")
    assert EmailChange.objects.get().state == "vetoed"
    assert "under way" not in text_of(alices.get("/sites/ccAgentPortal"))
    alices.post(f"{PAGE}stop/")  # a second click finds nothing
    assert len(events("agent:email-change:vetoed")) == 1


def test_no_get_begins_proves_or_stops_anything(alices: Client) -> None:
    begin(alices)
    for path in ("prove/", "stop/"):
        assert alices.get(f"{PAGE}{path}").status_code == 405
    alices.get(f"{PAGE}?new_email=x@example.org&password={CHOSEN}")
    assert EmailChange.objects.get().state == "waiting"


def test_nobody_who_is_not_logged_in_comes_there(alice: Account, clock: object) -> None:
    assert begin(browser()).status_code == 302
    assert not EmailChange.objects.exists()


def test_until_then_a_reset_goes_to_the_old_address_and_from_then_on_to_the_new(
    alices: Client, alice: Account, now: datetime
) -> None:
    old = address(alice)
    begin(alices)
    alices.post(f"{PAGE}prove/", {"code": code_at("new@example.org")})
    late = now + WAIT - timedelta(minutes=30)
    ask(alice.username, now=late)
    complete_due(now=now + WAIT, also=end_old_mailbox)
    ask(alice.username, now=now + WAIT + timedelta(minutes=5), browser_token="b" * 32)
    mails = OutboxMail.objects.filter(kind="reset_link").order_by("posted_at")
    assert [(mail.to_address, mail.state) for mail in mails] == [(old, "cancelled"), ("new@example.org", "queued")]
    states = ResetLink.objects.order_by("asked_at").values_list("state", flat=True)
    assert list(states) == ["ended", "open"]  # what lies in the old mailbox opens nothing any more


def test_a_reset_stops_a_change_that_a_session_began(alices: Client, alice: Account, now: datetime) -> None:
    """The owner learned of it from the old mailbox, and a new password is what everybody is told to get."""
    begin(alices, "thief@example.org")
    alices.post(f"{PAGE}prove/", {"code": code_at("thief@example.org")})
    token, _ = asked(alice, now=now)
    claim(token, now=now)
    complete_due(now=now + WAIT)
    assert address(alice) != "thief@example.org"
    assert EmailChange.objects.get().state == "vetoed"


def test_a_change_that_the_desk_began_goes_on_after_a_reset(alices: Client, alice: Account, now: datetime) -> None:
    begin(alices)
    EmailChange.objects.update(source="service_center")
    token, _ = asked(alice, now=now)
    claim(token, now=now)
    assert EmailChange.objects.get().state == "waiting"


def test_another_session_of_hers_sees_the_same(alices: Client, alice: Account, clock: object) -> None:
    begin(alices)
    assert "was begun by this page" in text_of(signed_in(alice).get(PAGE))
