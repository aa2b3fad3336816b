"""The desk where passwords are picked up: it says what waits, sends it anew, and never sees a password."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.issue import open_account
from extranet.credentials.models import Account, ResetLink
from extranet.credentials.onboarding import onboard
from extranet.credentials.third_mail import key_in_force
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center import acts
from extranet.service_center.never_received import queue_undelivered
from extranet.service_center.why_stuck import why_stuck
from tests.policies import put_in_force
from tests.service_center.conftest import ADA, SYSTEM

DAY, MOMENT = timedelta(days=1), timedelta(seconds=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_pickup(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_force(monkeypatch, third_mail="pickup")


@pytest.fixture
def welcomed(alice: Agent, now: datetime) -> Account:
    onboard(now=now)
    return Account.objects.select_related("agent").get(agent=alice)


def codes(agent: Agent, now: datetime) -> list[str]:
    return [reason.code for reason in why_stuck(Agent.objects.get(pk=agent.pk), now)]


def lose(account: Account, state: str = MailState.GAVE_UP) -> None:
    OutboxMail.objects.filter(kind="pickup", about=account.username).update(state=state, sealed_body=None)


def test_the_desk_is_told_that_a_password_waits_and_until_when(welcomed: Account, alice: Agent, now: datetime) -> None:
    assert codes(alice, now) == ["not_picked_up"]
    assert "November 30" in why_stuck(alice, now)[0].text
    assert codes(alice, now + 14 * DAY) == ["pickup_lapsed"]


def test_an_account_that_never_had_a_link_is_told_as_before(alice: Agent, now: datetime) -> None:
    open_account(agent=alice, now=now, by=SYSTEM)
    assert codes(alice, now) == ["no_password"]


@pytest.mark.parametrize("state", [MailState.GAVE_UP, MailState.BOUNCED])
def test_a_third_mail_that_never_arrived_queues_its_agent_once(
    welcomed: Account, alice: Agent, now: datetime, state: str
) -> None:
    lose(welcomed, state)
    (request,) = queue_undelivered(now=now + DAY)
    assert (request.agent, request.origin, request.cause) == (alice, "never_received", key_in_force(welcomed))
    assert queue_undelivered(now=now + 2 * DAY) == []
    assert codes(alice, now + DAY) == ["never_received", "mail_not_received"]


def test_issuing_again_sends_another_link_and_the_old_password_ends(
    account: Account, checked: Agent, now: datetime
) -> None:
    later = now + MOMENT
    acts.issue_again(agent=checked, by=ADA, now=later)
    account.refresh_from_db()
    assert may_enter(account, channel=Channel.PORTAL, now=later).reason is Reason.REVOKED
    mail = OutboxMail.objects.get(kind="pickup")
    assert (mail.key, mail.to_address) == (key_in_force(account), "alice@example.org")
    assert codes(checked, later) == ["not_picked_up"]


def test_no_page_no_mail_and_no_event_shows_the_desk_a_password_or_a_link(
    account: Account, checked: Agent, now: datetime
) -> None:
    acts.issue_again(agent=checked, by=ADA, now=now + MOMENT)
    found = re.search(r"/pickup/(\w{32})", body_of(OutboxMail.objects.get(kind="pickup")).text)
    assert found
    assert not [event for event in Event.objects.all() if found[1] in f"{event.subject} {event.detail}"]
    assert not ResetLink.objects.filter(digest=found[1]).exists()  # a digest stands there
    mail = OutboxMail.objects.get(kind="pickup")
    answer = Client(SERVER_NAME="portal.test").get(f"/staff/mail/{mail.pk}/")
    assert answer.status_code == 302  # strangers are led to the login
