"""A mailbox that was Alice's and may be Charlie's now: no secret and no name of hers goes there any more."""

from datetime import datetime

import pytest
from pytest_django import Settings

from extranet.agents import change_email
from extranet.agents.rename import rename
from extranet.credentials.models import Account
from extranet.credentials.onboarding import onboard
from extranet.credentials.own_address import end_old_mailbox
from extranet.credentials.rename import follow_license
from extranet.mail.delivery import deliver_due
from extranet.mail.models import HeldMessage, MailState, OutboxMail
from extranet.service_center.never_received import queue_undelivered
from tests.credentials.people import DESK, days, fresh, minutes, new_agent

pytestmark = pytest.mark.django_db
OLD, NEW = "4000001@agents.test", "alice@new.test"
REVEALING = ("introduction", "username", "password")


@pytest.fixture
def alice(now: datetime) -> Account:
    """Certified; her three mails have not left."""
    agent = new_agent()
    onboard(now=now)
    return Account.objects.select_related("agent").get(agent=agent)


def move(account: Account, now: datetime) -> datetime:
    """The change in force; when it came."""
    agent = fresh(account).agent
    assert agent is not None
    change_email.ask(agent=agent, new_email=NEW, source="roster", by=DESK, now=now)
    change_email.complete_due(now=now + days(3), also=end_old_mailbox)
    assert fresh(account).address == NEW
    return now + days(3)


def states(*kinds: str) -> set[str]:
    return set(OutboxMail.objects.filter(kind__in=kinds).values_list("state", flat=True))


@pytest.mark.parametrize("way", ["gateway", "pickup"])
def test_what_has_not_left_is_given_up_and_wiped_and_the_desk_is_told(
    alice: Account, now: datetime, settings: Settings, way: str
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"secured_mail": way})
    bob = new_agent("4000002", first_name="Bob", email=OLD)  # shares the mailbox, and keeps his mails
    onboard(now=now)
    later = move(alice, now)
    deliver_due(now=later)
    hers = OutboxMail.objects.filter(kind__in=REVEALING, about=alice.username)
    assert {mail.state for mail in hers} == {MailState.GAVE_UP}
    assert not OutboxMail.objects.filter(about=alice.username, secret=True, sealed_body__isnull=False).exists()
    assert not HeldMessage.objects.filter(about=alice.username, sealed__isnull=False).exists()
    (request,) = queue_undelivered(now=later + minutes(1))
    assert request.agent == alice.agent
    assert fresh(alice).revoked_at is not None
    bobs = Account.objects.get(agent=bob)
    assert bobs.revoked_at is None
    assert MailState.ACCEPTED in {mail.state for mail in OutboxMail.objects.filter(about=bobs.username)}


def test_mails_under_a_former_license_are_given_up_too(alice: Account, now: datetime) -> None:
    follow_license(agent=rename(old="4000001", new="4000009", by=DESK, now=now), by=DESK, now=now)
    deliver_due(now=move(alice, now))
    assert states(*REVEALING) == {MailState.GAVE_UP}


def test_one_that_a_sender_has_in_its_hands_is_left_but_not_tried_again(alice: Account, now: datetime) -> None:
    lease = now + days(3) + minutes(5)
    password = OutboxMail.objects.filter(kind="password")
    password.update(state=MailState.SENDING, lease_by="sender", lease_until=lease)
    later = move(alice, now)
    deliver_due(now=later)
    assert states("password") == {MailState.SENDING}
    password.update(state=MailState.DEFERRED, lease_by="", lease_until=None, next_attempt_at=later)
    deliver_due(now=later + minutes(1))
    assert states("password") == {MailState.GAVE_UP}


def test_notices_of_the_change_still_go_to_both(alice: Account, now: datetime) -> None:
    deliver_due(now=move(alice, now))
    told = OutboxMail.objects.filter(kind="email_changed", state=MailState.ACCEPTED)
    assert set(told.values_list("to_address", flat=True)) == {OLD, NEW}
