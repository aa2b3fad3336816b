"""Alice lost the private key of her certificate and cannot log in: every mail that would help her is encrypted for it.
The desk removes it after its check, and the mails wait on a page."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import Settings

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials.models import Account
from extranet.credentials.reset_ask import ask as ask_reset
from extranet.mail.models import MailCertificate, MailState, OutboxMail
from extranet.mail.outbox import body_of, message_of
from extranet.mail.secured.certificates import keep
from extranet.profile.loader import current
from extranet.service_center import acts, lost_certificate
from extranet.service_center.acts import ActRefused
from extranet.service_center.identity import IdentityNotChecked, OwnFactsNotChecked, check_identity
from tests.mail.certificates import holder
from tests.service_center.conftest import ADA, ANSWERS, BEN, OFFICE, Post
from tests.service_center.known import KNOWN, give_own_facts

HOUR = timedelta(hours=1)
WHY = "laptop with the key broke; called back"


@pytest.fixture(autouse=True)
def exchange(tmp_path: Path, settings: Settings) -> None:
    """The site signs and encrypts."""
    certificate, key = holder("exchange", current().service_center.email).files(tmp_path, "exchange")
    env = {"secured_mail": "smime", "smime_certificate_file": certificate, "smime_key_file": key}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)


@pytest.fixture
def kept(alice: Agent, charlie: Agent, now: datetime) -> None:
    """Alice and Charlie each uploaded one."""
    for agent in (alice, charlie):
        with transaction.atomic():
            mine = holder(agent.first_name, agent.email).certificate
            keep(mine, address=agent.email, by=f"AB_{agent.license}", now=now)


def is_kept(agent: Agent) -> bool:
    return MailCertificate.objects.filter(address=agent.email.lower()).exists()


def remove(agent: Agent, now: datetime, *, by: Actor = ADA, reason: str = WHY) -> None:
    lost_certificate.remove(agent=agent, reason=reason, by=by, now=now)


def told() -> list[OutboxMail]:
    return list(OutboxMail.objects.filter(kind="certificate_changed"))


def test_a_password_issued_after_the_removal_is_picked_up_and_what_was_encrypted_stays_so(
    kept: None, checked: Agent, account: Account, now: datetime
) -> None:
    acts.issue_again(agent=checked, by=ADA, now=now)
    before = OutboxMail.objects.get(kind="password")
    encrypted = message_of(before)
    remove(checked, now)
    acts.issue_again(agent=checked, by=ADA, now=now + acts.AGAIN)
    after = OutboxMail.objects.exclude(pk=before.pk).get(kind="password")
    assert (before.secured_by, after.secured_by) == ("smime", "pickup")
    assert "/secured/" in body_of(after).text
    assert b"pkcs7-mime" in encrypted
    before.refresh_from_db()
    assert before.state == MailState.CANCELLED, "a newer password ends the older one"


def test_where_a_profile_secures_reset_mails_the_next_one_leaves_by_pickup(
    kept: None, checked: Agent, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = {**current().mails, "reset_link": replace(current().mails["reset_link"], secured=True)}
    profile = replace(current(), mails=mails)
    monkeypatch.setattr("extranet.mail.catalogue_mail.current", lambda: profile)
    ways = []
    for at in (now, now + HOUR):
        ask_reset(username=account.username, network=OFFICE, browser_token="b" * 43, now=at)
        ways.append(OutboxMail.objects.filter(kind="reset_link").latest("posted_at").secured_by)
        if at == now:
            remove(checked, now)
    assert ways == ["smime", "pickup"]


def test_charlies_certificate_stays(kept: None, checked: Agent, charlie: Agent, now: datetime) -> None:
    remove(checked, now)
    assert not is_kept(checked)
    assert is_kept(charlie)
    assert [mail.to_address for mail in told()] == [checked.email]


def test_alice_is_told_in_clear_that_the_service_center_did_it(kept: None, checked: Agent, now: datetime) -> None:
    remove(checked, now)
    (mail,) = told()
    assert (mail.to_address, mail.secured_by) == ("alice@example.org", "")
    words = body_of(mail).text
    assert "the service center removed the certificate of this mailbox" in words
    assert "browser" not in words


def test_the_trail_says_who_did_it_to_whom_and_why(kept: None, checked: Agent, account: Account, now: datetime) -> None:
    fingerprint = MailCertificate.objects.get(address=checked.email.lower()).fingerprint
    remove(checked, now)
    event = Event.objects.get(action="mail:certificate:removed")
    assert (event.actor, event.subject) == (ADA.name, account.username)
    assert (event.detail["reason"], event.detail["fingerprint"]) == (WHY, fingerprint)


def test_it_stands_among_the_steps_of_its_request(kept: None, checked: Agent, post_form: Post, now: datetime) -> None:
    request = post_form()
    lost_certificate.remove(agent=checked, reason=WHY, by=ADA, now=now, request=request)
    assert list(request.steps.values_list("what", "by")) == [
        ("received", "form"),
        ("certificate_removed", ADA.name),
    ]


def test_without_a_check_of_this_agent_by_this_person_nothing_changes(
    kept: None, checked: Agent, charlie: Agent, now: datetime
) -> None:
    for agent, by in ((checked, BEN), (charlie, ADA)):
        with pytest.raises(IdentityNotChecked):
            remove(agent, now, by=by)
        assert is_kept(agent)
    assert told() == []
    refused = Event.objects.filter(action="access:page:refused")
    assert {event.detail["act"] for event in refused} == {"remove_certificate"}


def test_facts_of_the_roster_are_not_enough(kept: None, account: Account, alice: Agent, now: datetime) -> None:
    """Who reads the mailbox and has Alice's file must not make her mails readable there."""
    give_own_facts(account, now=now)
    assert check_identity(agent=alice, answers=ANSWERS, by=ADA, now=now).passed
    with pytest.raises(OwnFactsNotChecked):
        remove(alice, now)
    assert is_kept(alice)
    assert told() == []


def test_an_agent_without_a_book_is_not_stuck_but_one_who_never_logged_in_has_no_certificate_to_lose(
    kept: None, account: Account, alice: Agent, now: datetime
) -> None:
    assert check_identity(agent=alice, answers=ANSWERS, by=ADA, now=now).own
    with pytest.raises(ActRefused, match="never logged in"):
        remove(alice, now)
    assert is_kept(alice)
    Account.objects.filter(pk=account.pk).update(last_login=now - timedelta(days=5))
    answers = {**ANSWERS, "last_login_on": KNOWN["last_login_on"]}
    assert check_identity(agent=alice, answers=answers, by=ADA, now=now).own
    remove(alice, now)
    assert not is_kept(alice)


def test_a_second_time_says_that_there_is_none(kept: None, checked: Agent, now: datetime) -> None:
    remove(checked, now)
    with pytest.raises(ActRefused, match="No certificate is kept"):
        remove(checked, now)
    assert len(told()) == 1
    assert Event.objects.filter(action="mail:certificate:removed").count() == 1


@pytest.mark.parametrize(("reason", "said"), [("  ", "Write down"), ("SSN 536-22-1234 of a client", "seems to hold")])
def test_a_reason_is_needed_and_holds_no_consumers_data(
    kept: None, checked: Agent, now: datetime, reason: str, said: str
) -> None:
    with pytest.raises(ActRefused, match=said):
        remove(checked, now, reason=reason)
    assert is_kept(checked)
    assert told() == []
