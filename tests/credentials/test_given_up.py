"""Passwords whose mail never arrived open nothing any more."""

from datetime import datetime

import pytest

from extranet.agents.models import Agent
from extranet.agents.rename import rename
from extranet.credentials.given_up import revoke_undelivered
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import PasswordOvertaken, put_in_force
from extranet.credentials.issue import Generated, generate
from extranet.credentials.issue_again import IssueRefused, issue_again
from extranet.credentials.login import RESET_NEEDED, LoginRefused
from extranet.credentials.models import Account
from extranet.credentials.onboarding import onboard
from extranet.credentials.rename import follow_license
from extranet.credentials.username import agent_username
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from tests.credentials.people import DESK, NEW, days, events, mails, new_agent, try_login
from tests.policies import put_in_force as put_policy_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture
def welcomed(now: datetime) -> Account:
    agent = new_agent()
    onboard(now=now)
    return Account.objects.select_related("agent").get(agent=agent)


def mailed_password(account: Account) -> str:
    text = body_of(OutboxMail.objects.get(kind="password", state="queued", about=account.username)).text
    return next(word for word in text.split() if word.count("-") == 4)


def lose(account: Account, state: str = "gave_up") -> None:
    lost = OutboxMail.objects.filter(kind="password", about=account.username)
    lost.update(state=state, sealed_body=None)


@pytest.mark.parametrize("state", ["gave_up", "bounced"])
def test_a_lost_password_is_revoked_once(welcomed: Account, now: datetime, state: str) -> None:
    clear = mailed_password(welcomed)
    lose(welcomed, state)
    assert revoke_undelivered(now=now + days(7)) == [welcomed]
    assert revoke_undelivered(now=now + days(8)) == []
    with pytest.raises(LoginRefused) as refusal:
        try_login(welcomed, clear, now=now + days(7))
    assert refusal.value.code == RESET_NEEDED
    assert len(events("account:password:revoked", welcomed.username)) == 1


def test_one_that_needs_no_change_is_revoked_too(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    put_policy_in_force(monkeypatch, force_change=False)
    agent = new_agent()
    onboard(now=now)
    account = Account.objects.get(agent=agent)
    assert not account.temporary
    lose(account, "bounced")
    assert revoke_undelivered(now=now) == [account]


def test_a_password_on_its_way_or_delivered_is_left_alone(welcomed: Account, now: datetime) -> None:
    assert revoke_undelivered(now=now) == []
    OutboxMail.objects.filter(kind="password").update(state="accepted", sealed_body=None)
    assert revoke_undelivered(now=now) == []


def test_other_lost_mails_revoke_nothing(welcomed: Account, now: datetime) -> None:
    OutboxMail.objects.exclude(kind="password").update(state="gave_up")
    assert revoke_undelivered(now=now) == []


def test_a_password_that_was_used_or_replaced_stays(welcomed: Account, now: datetime) -> None:
    clear = mailed_password(welcomed)
    lose(welcomed)
    try_login(welcomed, clear, now=now)
    assert revoke_undelivered(now=now) == []
    account = Account.objects.get(pk=welcomed.pk)
    put_in_force(account=account, encoded=hash_password(NEW), generated=True, now=now + days(1))
    assert revoke_undelivered(now=now + days(1)) == []
    assert try_login(welcomed, NEW, now=now + days(1)).account == welcomed


def test_the_neighbour_keeps_the_password(welcomed: Account, now: datetime) -> None:
    bob = new_agent("4000002", first_name="Bob")
    onboard(now=now)
    lose(welcomed)
    assert revoke_undelivered(now=now) == [welcomed]
    assert Account.objects.get(agent=bob).revoked_at is None


def renamed(account: Account, now: datetime) -> Account:
    follow_license(agent=rename(old="4000001", new="4000009", by=DESK, now=now), by=DESK, now=now)
    return Account.objects.select_related("agent").get(pk=account.pk)


@pytest.mark.parametrize("carried", ["password", "pickup"])
def test_a_lost_mail_is_found_under_another_license_too(
    carried: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy_in_force(monkeypatch, third_mail=carried)
    agent = new_agent()
    onboard(now=now)
    account = renamed(Account.objects.get(agent=agent), now)
    OutboxMail.objects.filter(kind=carried).update(state="bounced", sealed_body=None)
    assert revoke_undelivered(now=now + days(1)) == [account]
    assert revoke_undelivered(now=now + days(2)) == []


def test_issuing_again_takes_back_the_mail_that_was_posted_under_the_other_license(
    welcomed: Account, now: datetime
) -> None:
    issue_again(account=renamed(welcomed, now), by=DESK, now=now)
    passwords = OutboxMail.objects.filter(kind="password").order_by("key")
    assert [(mail.about, mail.state) for mail in passwords] == [
        (welcomed.username, "cancelled"),
        (agent_username("4000009"), "queued"),
    ]


def test_issuing_again_is_a_new_mail_under_the_next_cycle_and_opens_the_account(
    welcomed: Account, now: datetime
) -> None:
    lose(welcomed)
    revoke_undelivered(now=now)
    issue_again(account=Account.objects.select_related("agent").get(pk=welcomed.pk), by=DESK, now=now)
    keys = {mail.key for mail in mails(welcomed.username) if mail.kind == "password"}
    assert keys == {f"password:{welcomed.pk}:{cycle}" for cycle in (1, 2)}
    assert try_login(welcomed, mailed_password(welcomed), now=now).must_change
    assert revoke_undelivered(now=now) == []  # the lost mail of the first password says nothing about the second


def test_issuing_again_takes_back_the_older_mail_that_has_not_left(welcomed: Account, now: datetime) -> None:
    issue_again(account=welcomed, by=DESK, now=now)
    states = {mail.key: mail.state for mail in mails(welcomed.username) if mail.kind == "password"}
    assert states == {f"password:{welcomed.pk}:1": "cancelled", f"password:{welcomed.pk}:2": "queued"}


def test_what_changed_while_the_password_was_hashed_counts(
    welcomed: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> Generated:
        renamed(welcomed, now)
        Agent.objects.filter(license="4000009").update(email="alice@new.test")
        return generate()

    monkeypatch.setattr("extranet.credentials.issue_again.prepare", slow)
    issue_again(account=welcomed, by=DESK, now=now)
    row = OutboxMail.objects.get(kind="password", state="queued")
    assert (row.about, row.to_address) == (agent_username("4000009"), "alice@new.test")


def test_nothing_is_issued_to_somebody_who_is_barred_while_the_password_is_hashed(
    welcomed: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> Generated:
        Agent.objects.update(status="suspended")
        return generate()

    monkeypatch.setattr("extranet.credentials.issue_again.prepare", slow)
    with pytest.raises(IssueRefused, match="suspended"):
        issue_again(account=welcomed, by=DESK, now=now)
    assert [mail.state for mail in mails(welcomed.username)] == ["queued"] * 3


def test_of_two_who_issue_at_once_one_is_told(
    welcomed: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> Generated:
        monkeypatch.undo()
        issue_again(account=welcomed, by=DESK, now=now)
        return generate()

    monkeypatch.setattr("extranet.credentials.issue_again.prepare", slow)
    with pytest.raises(PasswordOvertaken):
        issue_again(account=Account.objects.select_related("agent").get(pk=welcomed.pk), by=DESK, now=now)
    assert OutboxMail.objects.filter(kind="password", state="queued").count() == 1


def test_nothing_is_issued_to_somebody_whom_the_exchange_barred(welcomed: Account, now: datetime) -> None:
    assert welcomed.agent is not None
    welcomed.agent.status = "suspended"
    with pytest.raises(IssueRefused, match="suspended"):
        issue_again(account=welcomed, by=DESK, now=now)
    assert len(mails(welcomed.username)) == 3
