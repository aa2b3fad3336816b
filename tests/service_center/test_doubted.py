"""Mails to Alice come back: the desk is told once, what opens her account is held, and she is never stuck."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from extranet.agents.change_email import ask as ask_change
from extranet.agents.models import Agent
from extranet.agents.prove_email import prove
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.models import Account
from extranet.credentials.onboarding import onboard
from extranet.credentials.reset_ask import ask as ask_reset
from extranet.mail.catalogue import KINDS
from extranet.mail.delivery import deliver_due
from extranet.mail.link_lives import life_of
from extranet.mail.models import DoubtfulAddress, MailState, OutboxMail
from extranet.mail.outbox import post
from extranet.mail.returned.doubt import doubt_about
from extranet.mail.returned.take_in import take_in
from extranet.profile.wording import MAIL_FIELDS, SECRET_MAILS
from extranet.service_center import acts
from extranet.service_center.acts import ActRefused
from extranet.service_center.answer import close
from extranet.service_center.doubted import clear_doubt, clear_of_mail, queue_doubted
from extranet.service_center.identity import IdentityNotChecked
from extranet.service_center.models import SupportRequest
from extranet.service_center.never_received import queue_undelivered
from extranet.service_center.sealed import written_in
from extranet.service_center.why_stuck import why_stuck
from tests.agents.test_change_email import code_of
from tests.mail.reports import complaint, delivery_report
from tests.service_center.conftest import ADA, OFFICE

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def welcomed(alice: Agent, now: datetime) -> Account:
    """The three mails have left and were accepted."""
    onboard(now=now)
    while deliver_due(now=now).accepted:
        pass
    return Account.objects.select_related("agent").get(agent=alice)


def mail_of(account: Account, kind: str) -> OutboxMail:
    return OutboxMail.objects.filter(kind=kind, about=account.username).latest("posted_at")


def codes(agent: Agent, now: datetime) -> list[str]:
    return [reason.code for reason in why_stuck(Agent.objects.get(pk=agent.pk), now)]


def test_a_password_that_was_accepted_and_came_back_is_revoked_and_its_agent_called_once(
    welcomed: Account, alice: Agent, now: datetime
) -> None:
    """Its body was wiped when it was accepted; what it opened must end all the same."""
    assert mail_of(welcomed, "password").state == MailState.ACCEPTED
    for kind in ("introduction", "username", "password"):
        take_in(delivery_report(mail_of(welcomed, kind)), now=now + HOUR)
    (entry,) = queue_doubted(now=now + HOUR)
    assert (entry.agent, entry.origin) == (alice, "address_in_doubt")
    assert queue_doubted(now=now + HOUR) == []
    assert queue_undelivered(now=now + HOUR) == []
    welcomed.refresh_from_db()
    assert welcomed.revoked_at == now + HOUR
    decision = may_enter(account=welcomed, channel=Channel.PORTAL, now=now + HOUR)
    assert (decision.allowed, decision.reason) == (False, Reason.REVOKED)
    assert SupportRequest.objects.count() == 1
    assert list(entry.steps.values_list("what", flat=True)) == ["received", "password_revoked"]
    assert "find out the right address" in written_in(entry)["text"]


def test_a_password_that_came_back_for_policy_is_revoked_without_doubt(
    welcomed: Account, alice: Agent, now: datetime
) -> None:
    take_in(delivery_report(mail_of(welcomed, "password"), status="5.7.26"), now=now)
    assert queue_doubted(now=now) == []
    assert [request.origin for request in queue_undelivered(now=now)] == ["never_received"]


def test_the_record_says_why_and_what_helps(welcomed: Account, alice: Agent, bob: Agent, now: datetime) -> None:
    take_in(delivery_report(mail_of(welcomed, "username")), now=now)
    assert codes(alice, now) == ["address_in_doubt", "mail_not_received"]
    assert "address_in_doubt" not in codes(bob, now)


def test_a_complaint_keeps_nobody_out_but_is_told(welcomed: Account, alice: Agent, now: datetime) -> None:
    take_in(complaint(mail_of(welcomed, "introduction")), now=now)
    assert codes(alice, now) == []
    (entry,) = queue_doubted(now=now)
    assert "spam" in written_in(entry)["text"]
    take_in(delivery_report(mail_of(welcomed, "introduction")), now=now)
    assert len(queue_doubted(now=now)) == 1, "now the mails come back: that is another matter"


def test_one_mailbox_of_two_agents_is_one_entry_that_names_both(
    welcomed: Account, alice: Agent, bob: Agent, now: datetime
) -> None:
    Agent.objects.filter(pk=bob.pk).update(email=alice.email.upper())
    take_in(delivery_report(mail_of(welcomed, "password")), now=now)
    (entry,) = queue_doubted(now=now)
    assert entry.agent == alice
    assert bob.license in written_in(entry)["text"]


def test_the_address_of_nobody_is_no_work(welcomed: Account, alice: Agent, now: datetime) -> None:
    Agent.objects.filter(pk=alice.pk).update(email="new@agents.test")
    take_in(delivery_report(mail_of(welcomed, "password")), now=now)
    assert queue_doubted(now=now) == []


def test_a_stranger_who_asks_for_a_link_sees_no_difference(welcomed: Account, bob: Agent, now: datetime) -> None:
    bobs = Account.objects.get(agent=bob)
    take_in(delivery_report(mail_of(welcomed, "username")), now=now)
    answers = [
        ask_reset(username=name, network=OFFICE, browser_token="b" * 43, now=now)
        for name in (welcomed.username, bobs.username)
    ]
    assert len({type(answer) for answer in answers}) == 1
    deliver_due(now=now)
    states = [mail_of(account, "reset_link").state for account in (welcomed, bobs)]
    assert states == [MailState.QUEUED, MailState.ACCEPTED]


def test_the_desk_clears_the_doubt_after_its_check_and_the_mails_leave(
    checked: Agent, account: Account, now: datetime
) -> None:
    acts.send_username(agent=checked, by=ADA, now=now)
    deliver_due(now=now)
    take_in(delivery_report(mail_of(account, "username_reminder")), now=now)
    acts.issue_again(agent=checked, by=ADA, now=now + HOUR / 4)
    (entry,) = queue_doubted(now=now)
    deliver_due(now=now + HOUR / 4)
    assert mail_of(account, "password").state == MailState.QUEUED
    clear_doubt(agent=checked, by=ADA, now=now + HOUR / 4, request=entry)
    with pytest.raises(ActRefused, match="not in doubt"):
        clear_doubt(agent=checked, by=ADA, now=now + HOUR / 4)
    deliver_due(now=now + HOUR / 4)
    assert mail_of(account, "password").state == MailState.ACCEPTED
    assert "address_confirmed" in entry.steps.values_list("what", flat=True)
    event = Event.objects.get(action=Action.ADDRESS_CLEARED)
    assert (event.actor, event.subject) == (ADA.name, account.username)


def test_without_a_check_of_the_identity_nothing_is_cleared(welcomed: Account, alice: Agent, now: datetime) -> None:
    take_in(delivery_report(mail_of(welcomed, "password")), now=now)
    with pytest.raises(IdentityNotChecked):
        clear_doubt(agent=alice, by=ADA, now=now)
    assert doubt_about(alice.email) is not None


def test_links_that_are_over_do_not_leave_late(checked: Agent, account: Account, now: datetime) -> None:
    acts.send_username(agent=checked, by=ADA, now=now)
    deliver_due(now=now)
    take_in(delivery_report(mail_of(account, "username_reminder")), now=now)
    ask_reset(username=account.username, network=OFFICE, browser_token="b" * 43, now=now - 2 * HOUR)
    clear_doubt(agent=checked, by=ADA, now=now)
    assert mail_of(account, "reset_link").state == MailState.CANCELLED


@pytest.mark.parametrize("kind", sorted(SECRET_MAILS))
def test_of_every_kind_what_is_over_does_not_leave_late_and_what_is_good_does(
    kind: str, checked: Agent, account: Account, now: datetime
) -> None:
    """Each kind has a life of its own: an hour, a day, two weeks."""
    acts.send_username(agent=checked, by=ADA, now=now)
    deliver_due(now=now)
    take_in(delivery_report(mail_of(account, "username_reminder")), now=now)
    life = life_of(KINDS[kind])
    over, good = (held_back(kind, at=now - age, about=account.username) for age in (life, life - MINUTE))
    clear_doubt(agent=checked, by=ADA, now=now)
    states = [OutboxMail.objects.get(pk=mail.pk).state for mail in (over, good)]
    assert states == [MailState.CANCELLED, MailState.QUEUED]


def held_back(kind: str, *, at: datetime, about: str) -> OutboxMail:
    """A mail of that kind to Alice, posted at that moment."""
    fields = {**MAIL_FIELDS[kind], **({"link": "http://reset.test/x/abc"} if "link" in MAIL_FIELDS[kind] else {})}
    key = f"{kind}:test:{at.isoformat()}"
    with transaction.atomic():
        return post(KINDS[kind](**fields), to="alice@example.org", about=about, key=key, language="en", now=at)


def test_another_address_is_out_of_doubt_and_the_old_one_gets_nothing(
    checked: Agent, account: Account, now: datetime
) -> None:
    acts.send_username(agent=checked, by=ADA, now=now)
    deliver_due(now=now)
    take_in(delivery_report(mail_of(account, "username_reminder")), now=now)
    Agent.objects.filter(pk=checked.pk).update(email="alice@new.test")
    again = Agent.objects.get(pk=checked.pk)
    assert "address_in_doubt" not in codes(again, now)
    acts.issue_again(agent=again, by=ADA, now=now)
    deliver_due(now=now)
    assert mail_of(account, "password").state == MailState.ACCEPTED
    assert mail_of(account, "password").to_address == "alice@new.test"
    assert doubt_about(checked.email) is not None


def test_a_code_that_was_mailed_there_proves_the_address(checked: Agent, account: Account, now: datetime) -> None:
    change = ask_change(agent=checked, new_email="Alice@new.test", source="agent", by=ADA, now=now)
    mail = OutboxMail.objects.get(kind="email_change_new")
    deliver_due(now=now)
    take_in(delivery_report(OutboxMail.objects.get(pk=mail.pk)), now=now)
    assert doubt_about("alice@NEW.test") is not None
    prove(agent=checked, code=code_of(change), by=ADA, now=now)
    assert doubt_about("alice@new.test") is None


def test_closing_the_entry_does_not_hide_the_doubt(welcomed: Account, alice: Agent, now: datetime) -> None:
    take_in(delivery_report(mail_of(welcomed, "username")), now=now)
    (entry,) = queue_doubted(now=now)
    close(request=entry, by=ADA, now=now)
    assert queue_doubted(now=now) == []
    assert "address_in_doubt" in codes(alice, now)


def test_the_address_of_a_colleague_is_cleared_at_the_mail(welcomed: Account, alice: Agent, now: datetime) -> None:
    mail = mail_of(welcomed, "password")
    take_in(delivery_report(mail), now=now)
    with pytest.raises(ActRefused, match="on the record"):
        clear_of_mail(mail=mail, by=ADA, now=now)
    Agent.objects.filter(pk=alice.pk).update(email="new@agents.test")
    clear_of_mail(mail=mail, by=ADA, now=now)
    assert not DoubtfulAddress.objects.filter(cleared_at=None).exists()
