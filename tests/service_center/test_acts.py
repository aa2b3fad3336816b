"""J17, J19: what the desk does for a caller, and what it never does for a stranger."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from extranet.agents.change_email import EmailChangeRefused, complete_due
from extranet.agents.models import Agent, EmailChange
from extranet.agents.prove_email import ProofRefused
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.models import Account, ResetLink
from extranet.credentials.password_mail import key_of
from extranet.credentials.sessions import begin
from extranet.credentials.throttle import blocked, of_account
from extranet.credentials.throttle import take as try_password
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center import acts
from extranet.service_center.acts import ActRefused
from extranet.service_center.identity import IdentityNotChecked, OwnFactsNotChecked, check_identity
from extranet.service_center.queue import view
from tests.agents.conftest import ALICE, BOB, CHARLIE
from tests.service_center.conftest import ADA, ANSWERS, BEN, Post, Take
from tests.service_center.known import KNOWN, give_own_facts

HALF_HOUR = timedelta(minutes=30)
Act = Callable[[Agent, Actor, datetime], object]
GUARDED: dict[str, Act] = {
    "send_username": lambda agent, by, now: acts.send_username(agent=agent, by=by, now=now),
    "start_reset": lambda agent, by, now: acts.start_reset(agent=agent, by=by, now=now),
    "change_email": lambda agent, by, now: acts.change_email(agent=agent, new_email="eve@example.com", by=by, now=now),
    "issue_again": lambda agent, by, now: acts.issue_again(agent=agent, by=by, now=now),
    "unlock": lambda agent, by, now: acts.unlock(agent=agent, by=by, now=now),
    "enable": lambda agent, by, now: acts.enable(agent=agent, by=by, now=now),
}


@pytest.mark.parametrize("act", GUARDED)
def test_no_act_without_a_check_of_this_agent_by_this_person_within_half_an_hour(
    act: str, account: Account, checked: Agent, bob: Agent, now: datetime
) -> None:
    mails = OutboxMail.objects.count()
    for agent, by, at in ((checked, BEN, now), (bob, ADA, now), (checked, ADA, now + HALF_HOUR)):
        with pytest.raises(IdentityNotChecked):
            GUARDED[act](agent, by, at)
    assert OutboxMail.objects.count() == mails
    refusals = Event.objects.filter(action="access:page:refused")
    assert {event.detail["act"] for event in refusals} == {act}


def test_the_user_name_goes_to_the_address_on_the_roster(account: Account, checked: Agent, now: datetime) -> None:
    mail = acts.send_username(agent=checked, by=ADA, now=now)
    assert (mail.kind, mail.to_address) == ("username_reminder", "alice@example.org")
    assert account.username in body_of(mail).text
    assert Event.objects.latest("id").action == "request:username:sent"


def test_a_second_click_sends_no_second_user_name(account: Account, checked: Agent, now: datetime) -> None:
    assert acts.send_username(agent=checked, by=ADA, now=now) == acts.send_username(agent=checked, by=ADA, now=now)
    assert OutboxMail.objects.filter(kind="username_reminder").count() == 1
    assert Event.objects.filter(action="request:username:sent").count() == 1


def test_who_has_no_account_yet_is_told_when_it_comes(alice: Agent, now: datetime) -> None:
    check_identity(agent=alice, answers=ANSWERS, by=ADA, now=now)
    with pytest.raises(ActRefused, match="Monday after certification"):
        acts.send_username(agent=alice, by=ADA, now=now)


def test_a_reset_is_mailed_and_its_code_told(account: Account, checked: Agent, now: datetime) -> None:
    code = acts.start_reset(agent=checked, by=ADA, now=now)
    mail = OutboxMail.objects.get(kind="reset_started_by_staff")
    assert mail.to_address == "alice@example.org"
    assert code not in body_of(mail).text
    assert ResetLink.objects.get(account=account).by_staff
    assert Event.objects.filter(action="request:reset:started", actor="staff\\ada").count() == 1


def test_a_reset_that_cannot_help_is_refused_in_words(
    account: Account, checked: Agent, take: Take, now: datetime
) -> None:
    take({**ALICE, "status": "suspended"}, BOB, CHARLIE)
    with pytest.raises(ActRefused, match="A reset would not help: suspended"):
        acts.start_reset(agent=checked, by=ADA, now=now)
    with pytest.raises(ActRefused, match="A new password would not help: suspended"):
        acts.issue_again(agent=checked, by=ADA, now=now)


def test_a_change_of_address_is_told_to_the_old_one_and_waits(account: Account, checked: Agent, now: datetime) -> None:
    change = acts.change_email(agent=checked, new_email="new@example.org", by=ADA, now=now)
    assert set(OutboxMail.objects.values_list("kind", "to_address")) == {
        ("email_change_old", "alice@example.org"),
        ("email_change_new", "new@example.org"),
    }
    assert Agent.objects.get(pk=checked.pk).email == "alice@example.org"
    code = re.search(r"^[2-9A-Z]{6}$", body_of(OutboxMail.objects.get(kind="email_change_new")).text, re.M)
    assert code
    with pytest.raises(ProofRefused):
        acts.prove_email(agent=checked, code="AAAAAA", by=ADA, now=now)
    assert acts.prove_email(agent=checked, code=code[0], by=BEN, now=now) == change
    complete_due(now=now + timedelta(hours=72))
    assert Agent.objects.get(pk=checked.pk).email == "new@example.org"


def test_facts_of_the_roster_send_mails_to_the_known_address_and_nowhere_else(
    account: Account, alice: Agent, now: datetime
) -> None:
    """Whoever has the roster, or Alice's card and file, makes the desk mail Alice: no more."""
    give_own_facts(account, now=now)
    assert check_identity(agent=alice, answers=ANSWERS, by=ADA, now=now).passed
    for act in ("change_email", "unlock", "enable"):
        with pytest.raises(OwnFactsNotChecked):
            GUARDED[act](alice, ADA, now)
    assert not EmailChange.objects.exists()
    for act in ("send_username", "start_reset", "issue_again"):
        GUARDED[act](alice, ADA, now)
    assert set(OutboxMail.objects.values_list("to_address", flat=True)) == {"alice@example.org"}


def test_of_whom_nothing_is_known_but_the_roster_the_desk_changes_no_address(
    account: Account, alice: Agent, now: datetime
) -> None:
    check = check_identity(agent=alice, answers=ANSWERS, by=ADA, now=now)
    assert check.own  # there is nothing to ask for: unlocking and enabling go on
    with pytest.raises(ActRefused, match="roster"):
        acts.change_email(agent=alice, new_email="new@example.org", by=ADA, now=now)
    Account.objects.filter(pk=account.pk).update(last_login=now)
    check_identity(agent=alice, answers={**ANSWERS, **KNOWN, "last_login_on": "2026-11-16"}, by=ADA, now=now)
    with pytest.raises(ActRefused, match="no book"):
        acts.change_email(agent=alice, new_email="new@example.org", by=ADA, now=now)


def test_a_wrong_address_is_refused(checked: Agent, now: datetime) -> None:
    with pytest.raises(EmailChangeRefused):
        acts.change_email(agent=checked, new_email="nowhere", by=ADA, now=now)


def test_a_password_is_issued_again_to_whom_the_first_never_reached(
    account: Account, checked: Agent, now: datetime
) -> None:
    Account.objects.filter(pk=account.pk).update(revoked_at=now)
    acts.issue_again(agent=checked, by=ADA, now=now)
    account.refresh_from_db()
    assert may_enter(account, channel=Channel.PORTAL, now=now).allowed
    assert OutboxMail.objects.get(kind="password").key == key_of(account)


def test_a_throttled_agent_is_unlocked(account: Account, checked: Agent, now: datetime) -> None:
    for _ in range(15):
        try_password(budget=of_account(), owner=account.username, now=now)
    assert blocked(owner=account.username, now=now)
    assert acts.unlock(agent=checked, by=ADA, now=now) == 1
    assert not blocked(owner=account.username, now=now)


def test_disabling_ends_the_session_at_once_and_needs_no_check(account: Account, alice: Agent, now: datetime) -> None:
    session = begin(account=account, session_key="k" * 32, network="", browser="Firefox", now=now).session
    assert acts.disable(agent=alice, reason="laptop stolen", by=ADA, now=now)
    session.refresh_from_db()
    account.refresh_from_db()
    assert session.ended_at == now
    assert not may_enter(account, channel=Channel.PORTAL, now=now).allowed
    assert not acts.disable(agent=alice, reason="again", by=BEN, now=now)


def test_a_disabling_needs_a_reason(account: Account, alice: Agent, now: datetime) -> None:
    with pytest.raises(ActRefused, match="why"):
        acts.disable(agent=alice, reason=" ", by=ADA, now=now)


def test_a_disabled_agent_is_enabled_again(account: Account, checked: Agent, now: datetime) -> None:
    acts.disable(agent=checked, reason="laptop stolen", by=ADA, now=now)
    assert acts.enable(agent=checked, by=ADA, now=now)
    account.refresh_from_db()
    assert may_enter(account, channel=Channel.PORTAL, now=now).allowed


def test_each_act_stands_among_the_steps_of_its_request(
    account: Account, checked: Agent, post_form: Post, now: datetime
) -> None:
    request = post_form()
    acts.send_username(agent=checked, by=ADA, now=now, request=request)
    acts.start_reset(agent=checked, by=ADA, now=now, request=request)
    acts.change_email(agent=checked, new_email="new@example.org", by=ADA, now=now, request=request)
    acts.issue_again(agent=checked, by=ADA, now=now, request=request)
    acts.disable(agent=checked, reason="laptop stolen", by=ADA, now=now, request=request)
    acts.enable(agent=checked, by=ADA, now=now, request=request)
    acts.unlock(agent=checked, by=ADA, now=now, request=request)
    steps = [step.what for step in view(number=request.number, by=ADA, now=now).steps]
    assert steps == [
        "received",
        "username_sent",
        "reset_started",
        "email_change",
        "password_issued",
        "disabled",
        "enabled",
        "unlocked",
    ]


def test_a_stranger_who_talks_well_gets_nothing(account: Account, alice: Agent, now: datetime) -> None:
    """Charlie knows what stands on Alice's card: license, name, agency."""
    on_the_card = {"last_name": "Nuñez-Ortega", "agency_name": "Harbor Insurance", "email": "charlie@example.net"}
    assert not check_identity(agent=alice, answers=on_the_card, by=ADA, now=now).passed
    for act in GUARDED.values():
        with pytest.raises(IdentityNotChecked):
            act(alice, ADA, now)
    assert not any(re.search("charlie|eve", mail.to_address) for mail in OutboxMail.objects.all())
