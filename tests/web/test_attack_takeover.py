"""Who could take an account over by its address: each story ends with the owner in, or warned and able to stop it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from extranet.agents.change_email import complete_due
from extranet.agents.models import Agent, EmailChange
from extranet.agents.roster import take_in
from extranet.audit.record import Actor
from extranet.credentials import reset
from extranet.credentials.disable import disable
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.issue import open_account
from extranet.credentials.login import LoginRefused
from extranet.credentials.models import Account
from extranet.credentials.own_address import end_old_mailbox
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center import acts
from extranet.service_center.identity import IdentityNotChecked, OwnFactsNotChecked, check_identity
from tests.agents.conftest import ALICE, BOB, CHARLIE, OPERATOR, roster_of
from tests.credentials.people import CHOSEN, DESK, fresh, try_login
from tests.credentials.reset_walks import STRANGERS, asked, claim
from tests.service_center.known import KNOWN, give_own_facts
from tests.web.people import browser, signed_in, text_of

pytestmark = pytest.mark.django_db
PAGE, THIEF, OLD = "/account/email/", "thief@example.org", ALICE["email"]
WAIT, WEEK = timedelta(hours=72), timedelta(days=7)
EVE = Actor("staff", "staff\\eve", "192.0.2.0/24")
ROSTER_FACTS = {key: ALICE[key] for key in ("npn", "phone", "email", "agency_license", "agency_name", "last_name")}


@pytest.fixture
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def alice(db: None, now: datetime, clock: object) -> Account:
    """She is on the roster, logs in at times and has a book."""
    take_in(roster_of(ALICE, BOB, CHARLIE), by=OPERATOR, now=now)
    account = open_account(agent=Agent.objects.get(license=ALICE["license"]), now=now, by=DESK)
    put_in_force(account=account, encoded=hash_password(CHOSEN), generated=False, now=now)
    give_own_facts(account, now=now)
    return fresh(account)


def begin(client: Client, password: str) -> int:
    return client.post(PAGE, {"new_email": THIEF, "password": password}).status_code


def prove(client: Client) -> None:
    """The thief reads his own mailbox."""
    text = body_of(OutboxMail.objects.filter(kind="email_change_new", to_address=THIEF).latest("posted_at")).text
    found = re.search(r"^[2-9A-Z]{6}$", text, re.M)
    assert found
    assert client.post(f"{PAGE}prove/", {"code": found[0]}).status_code == 302


def stop_link() -> str:
    """In the old mailbox."""
    text = body_of(OutboxMail.objects.filter(kind="email_change_old", to_address=OLD).latest("posted_at")).text
    found = re.search(r"http://portal\.test(/email-change/\w+/)", text)
    assert found
    return found[1]


def address_after(account: Account, now: datetime) -> str:
    complete_due(now=now, also=end_old_mailbox)
    return Agent.objects.get(account=account).email


def warned() -> set[str]:
    """What the old mailbox was told."""
    return set(OutboxMail.objects.filter(to_address=OLD).values_list("kind", flat=True))


def thief_in_by_the_mailbox(account: Account, now: datetime) -> tuple[Client, str]:
    """He reads her mails: resets the password, logs in, begins to move the mails to himself."""
    token, _ = asked(account, now=now, browser_token=STRANGERS)
    password = claim(token, now=now, browser_token=STRANGERS).password
    Account.objects.filter(pk=account.pk).update(temporary=False)  # he chose one of his own
    thief = browser(address="203.0.113.9")
    assert thief.post("/login/", {"username": account.username, "password": password}).status_code == 302
    thief.post("/agreement/", {"version": thief.get("/agreement/").context["version"]})
    assert begin(thief, password) == 302
    prove(thief)
    return thief, password


def test_who_has_the_mailbox_is_put_out_by_the_owner_who_has_it_too(alice: Account, now: datetime) -> None:
    hers = signed_in(alice)
    thief, password = thief_in_by_the_mailbox(alice, now)
    assert hers.get("/account/").status_code == 302  # she is out, and knows it
    assert {"password_was_reset", "email_change_old"} <= warned()
    token, _ = asked(alice, now=now)
    own = claim(token, now=now).password
    assert thief.get("/account/").status_code == 302
    with pytest.raises(LoginRefused):
        try_login(alice, password, now=now)
    assert try_login(alice, own, now=now).must_change
    assert address_after(alice, now + WEEK) == OLD


def test_who_has_the_mailbox_alone_is_put_out_by_a_call(alice: Account, now: datetime) -> None:
    """She cannot prove who she is at once: ending access needs no proof, and the change of address ends with it."""
    thief, password = thief_in_by_the_mailbox(alice, now)
    agent = Agent.objects.get(account=alice)
    acts.disable(agent=agent, reason="mailbox stolen", by=DESK, now=now)
    assert thief.get("/account/").status_code == 302
    with pytest.raises(LoginRefused):
        try_login(alice, password, now=now)
    assert address_after(alice, now + WAIT) == OLD
    take_in(roster_of({**ALICE, "email": "alice@new.example"}, BOB, CHARLIE), by=OPERATOR, now=now + WAIT)
    assert address_after(alice, now + 2 * WAIT) == "alice@new.example"  # she showed the exchange who she is
    check_identity(agent=agent, answers={**ROSTER_FACTS, **KNOWN}, by=DESK, now=now)
    acts.enable(agent=agent, by=DESK, now=now)
    token, _ = asked(fresh(alice), now=now + 2 * WAIT)
    assert try_login(alice, claim(token, now=now + 2 * WAIT).password, now=now + 2 * WAIT).must_change


def test_who_has_the_session_alone_begins_nothing(alice: Account, now: datetime) -> None:
    stolen = signed_in(alice)
    assert begin(stolen, "guess") == 200
    assert not EmailChange.objects.exists()
    assert "email_change_old" not in warned()


def test_who_has_the_session_and_the_password_is_stopped_from_the_old_mailbox(alice: Account, now: datetime) -> None:
    thief = signed_in(alice)
    assert begin(thief, CHOSEN) == 302
    prove(thief)
    owner, link = browser(), stop_link()
    assert "t•••@example.org" in text_of(owner.get(link))
    assert "Get a new password" in text_of(owner.post(link))
    assert address_after(alice, now + WEEK) == OLD
    token, _ = asked(alice, now=now)
    claim(token, now=now)
    assert thief.get("/account/").status_code == 302


def test_the_owner_sees_it_at_the_next_login_too(alice: Account, now: datetime) -> None:
    begin(signed_in(alice), CHOSEN)
    hers = signed_in(alice)
    assert "A change of your e-mail address is under way" in text_of(hers.get("/sites/ccAgentPortal"))
    hers.post(f"{PAGE}stop/")
    assert address_after(alice, now + WEEK) == OLD


def test_who_knows_all_of_the_roster_gets_mails_sent_to_the_owner_only(alice: Account, now: datetime) -> None:
    agent = Agent.objects.get(account=alice)
    assert check_identity(agent=agent, answers=ROSTER_FACTS, by=DESK, now=now).passed
    with pytest.raises(OwnFactsNotChecked):
        acts.change_email(agent=agent, new_email=THIEF, by=DESK, now=now)
    code = acts.start_reset(agent=agent, by=DESK, now=now)  # he hears the code, and she gets the link
    mail = OutboxMail.objects.get(kind="reset_started_by_staff")
    assert mail.to_address == OLD
    with pytest.raises(reset.ResetOver):
        claim("b" * 32, now=now, browser_token=STRANGERS, code=code)
    assert not EmailChange.objects.exists()
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_who_knows_the_registers_gets_nothing_at_all(alice: Account, now: datetime) -> None:
    agent = Agent.objects.get(account=alice)
    public = {key: ALICE[key] for key in ("npn", "agency_license", "agency_name", "last_name")}
    assert not check_identity(agent=agent, answers=public, by=DESK, now=now).passed
    with pytest.raises(IdentityNotChecked):
        acts.start_reset(agent=agent, by=DESK, now=now)


def test_one_person_of_the_desk_alone_has_three_guesses_a_day(alice: Account, now: datetime) -> None:
    """Even if the day of the last login is known: a number of cases is not found by trying all."""
    agent = Agent.objects.get(account=alice)
    for cases in range(120, 150):  # 137 is among them
        check_identity(agent=agent, answers={**ROSTER_FACTS, **KNOWN, "cases": str(cases)}, by=EVE, now=now)
    with pytest.raises(OwnFactsNotChecked):
        acts.change_email(agent=agent, new_email=THIEF, by=EVE, now=now)
    assert not EmailChange.objects.exists()


def test_and_what_such_a_person_begins_is_stopped_by_the_owner(alice: Account, now: datetime) -> None:
    """With luck, or with facts of an honest call of the same day."""
    agent = Agent.objects.get(account=alice)
    assert check_identity(agent=agent, answers={**ROSTER_FACTS, **KNOWN}, by=EVE, now=now).own
    change = acts.change_email(agent=agent, new_email=THIEF, by=EVE, now=now)
    EmailChange.objects.filter(pk=change.pk).update(proved_at=now)  # her own mailbox
    assert "email_change_old" in warned()
    browser().post(stop_link())
    assert address_after(alice, now + WEEK) == OLD


def test_a_typing_error_on_the_roster_is_stopped_from_the_old_mailbox_and_does_not_come_back(
    alice: Account, now: datetime
) -> None:
    typo = [{**ALICE, "email": "alcie@example.org"}, BOB, CHARLIE]
    take_in(roster_of(*typo), by=OPERATOR, now=now)
    token, _ = asked(alice, now=now)  # meanwhile a reset comes to her as ever
    assert OutboxMail.objects.filter(kind="reset_link").get().to_address == OLD
    assert token
    browser().post(stop_link())
    take_in(roster_of(*reversed(typo)), by=OPERATOR, now=now + WEEK)
    assert address_after(alice, now + 2 * WEEK) == OLD


def test_a_typing_error_that_nobody_stopped_is_mended_by_the_owner_with_her_password(
    alice: Account, now: datetime, clock: time_machine.Traveller
) -> None:
    typo = roster_of({**ALICE, "email": "alcie@example.org"}, BOB, CHARLIE)
    take_in(typo, by=OPERATOR, now=now)
    assert address_after(alice, now + WAIT) == "alcie@example.org"
    assert "email_changed" in warned()  # the old mailbox hears of the end, too
    clock.move_to(now + WAIT, tick=False)
    hers = signed_in(alice)
    hers.post(PAGE, {"new_email": OLD, "password": CHOSEN})
    text = body_of(OutboxMail.objects.get(kind="email_change_new", to_address=OLD)).text
    code = re.search(r"^[2-9A-Z]{6}$", text, re.M)
    assert code
    hers.post(f"{PAGE}prove/", {"code": code[0]})
    assert address_after(alice, now + 2 * WAIT) == OLD


def test_a_disabled_account_keeps_no_change_of_a_session_alive(alice: Account, now: datetime) -> None:
    begin(signed_in(alice), CHOSEN)
    disable(account=alice, reason="laptop stolen", by=DESK, now=now)
    assert EmailChange.objects.get().state == "vetoed"
