"""All second factors lost: one person of the desk asks, another one approves; nobody does both."""

from datetime import datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials import second_factor, sessions
from extranet.credentials.gate import needs_second_factor
from extranet.credentials.models import Account
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center import lost_factors
from extranet.service_center.acts import ActRefused
from extranet.service_center.identity import IdentityNotChecked, check_identity
from extranet.service_center.lost_factors import SecondPersonNeeded
from extranet.service_center.models import FactorRemoval
from tests.service_center.conftest import ADA, ANSWERS, BEN

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WHY = "phone stolen with the codes; called back"


@pytest.fixture
def protected(account: Account, checked: Agent, now: datetime) -> Agent:
    """Alice with an app, checked by Ada."""
    second_factor.activate(account=account, secret=SECRET, step=0, now=now, by=ADA)
    return checked


def ask(agent: Agent, now: datetime, by: Actor = ADA) -> FactorRemoval:
    return lost_factors.ask(agent=agent, reason=WHY, by=by, now=now)


def test_two_persons_remove_all_factors_end_the_sessions_and_tell_the_agent(
    protected: Agent, account: Account, now: datetime
) -> None:
    sessions.begin(account=account, session_key="k", network="", browser="", now=now, second_factor=True)
    ask(protected, now)
    assert needs_second_factor(account)
    assert lost_factors.approve(agent=protected, by=BEN, now=now) == 2
    assert not needs_second_factor(account)
    assert sessions.check(session_key="k", now=now) == sessions.Ended("second_factor_removed")
    kinds = list(OutboxMail.objects.order_by("posted_at", "kind").values_list("kind", "to_address"))
    assert ("factor_removal_asked", "alice@example.org") in kinds
    assert ("second_factor_changed", "alice@example.org") in kinds
    told = body_of(OutboxMail.objects.get(kind="second_factor_changed")).text
    assert "The service center removed" in told
    done = Event.objects.get(action="request:factor-removal:approved")
    assert (done.actor, done.subject, done.detail["asked_by"]) == ("staff\\ben", account.username, "staff\\ada")


def test_who_asked_cannot_approve_and_the_try_is_in_the_trail(
    protected: Agent, account: Account, now: datetime
) -> None:
    ask(protected, now)
    with pytest.raises(SecondPersonNeeded):
        lost_factors.approve(agent=protected, by=ADA, now=now)
    assert needs_second_factor(account)
    refused = Event.objects.filter(action="access:page:refused", actor="staff\\ada")
    assert [event.detail["act"] for event in refused] == ["approve_factor_removal"]


@pytest.mark.parametrize("by", [Actor.shell(), Actor.system("timetable"), Actor.nobody("192.0.2.0/24")])
def test_only_staff_can_be_the_second_person(protected: Agent, account: Account, now: datetime, by: Actor) -> None:
    ask(protected, now)
    with pytest.raises(SecondPersonNeeded):
        lost_factors.approve(agent=protected, by=by, now=now)
    assert needs_second_factor(account)


def test_the_database_refuses_one_person_for_both(protected: Agent, now: datetime) -> None:
    row = ask(protected, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        FactorRemoval.objects.filter(pk=row.pk).update(state="approved", decided_by=row.asked_by)


def test_nothing_is_asked_without_the_identity_a_reason_and_something_to_remove(
    account: Account, checked: Agent, now: datetime
) -> None:
    with pytest.raises(ActRefused, match="no second factor"):
        ask(checked, now)
    second_factor.activate(account=account, secret=SECRET, step=0, now=now, by=ADA)
    with pytest.raises(IdentityNotChecked):
        ask(checked, now, by=BEN)
    with pytest.raises(ActRefused, match="Write down"):
        lost_factors.ask(agent=checked, reason="  ", by=ADA, now=now)
    assert not FactorRemoval.objects.exists()
    assert not OutboxMail.objects.filter(kind="factor_removal_asked").exists()


def test_it_is_asked_once_at_a_time(protected: Agent, now: datetime) -> None:
    ask(protected, now)
    with pytest.raises(ActRefused, match="already"):
        ask(protected, now)
    assert OutboxMail.objects.filter(kind="factor_removal_asked").count() == 1


def test_it_is_decided_once(protected: Agent, account: Account, now: datetime) -> None:
    ask(protected, now)
    lost_factors.refuse(agent=protected, by=BEN, now=now)
    with pytest.raises(ActRefused, match="No removal waits"):
        lost_factors.approve(agent=protected, by=BEN, now=now)
    assert needs_second_factor(account)
    assert Event.objects.filter(action="request:factor-removal:refused").count() == 1


def test_after_three_days_nobody_can_approve_and_it_can_be_asked_again(
    protected: Agent, account: Account, now: datetime
) -> None:
    first, later = ask(protected, now), now + timedelta(days=3)
    assert lost_factors.all_waiting(now=later - timedelta(seconds=1)).count() == 1
    with pytest.raises(ActRefused):
        lost_factors.approve(agent=protected, by=BEN, now=later)
    assert needs_second_factor(account)
    assert check_identity(agent=protected, answers=ANSWERS, by=ADA, now=later).passed
    ask(protected, later)
    first.refresh_from_db()
    assert first.state == "lapsed"
    assert lost_factors.all_waiting(now=later).count() == 1


def test_the_factors_of_a_colleague_stay(protected: Agent, bob: Agent, now: datetime) -> None:
    with pytest.raises(ActRefused):
        lost_factors.approve(agent=bob, by=BEN, now=now)
    assert Authenticator.objects.count() == 2
