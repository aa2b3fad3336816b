"""A gateway was seen to secure nothing: no secured mail leaves by it before a test mail came back secured."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction
from pytest_django import Settings

from extranet.audit.actions import Action
from extranet.mail.delivery import deliver_due
from extranet.mail.models import Canary, MailState, OutboxMail, SecuredBy
from extranet.mail.outbox import cancel
from extranet.mail.secured import canary
from extranet.mail.secured.stopped import is_readable, stopped
from extranet.mail.ways import Parcel
from tests.credentials.people import DESK, events
from tests.mail.conftest import Post, introduction, password, username
from tests.mail.test_canary import EXPECT, message, secured

pytestmark = pytest.mark.django_db
Onboard = Callable[..., list[OutboxMail]]
Mailbox = Callable[[], list[EmailMessage]]


@pytest.fixture(autouse=True)
def back(tmp_path: Path, settings: Settings) -> Path:
    """The folder into which canaries come back."""
    folder = tmp_path / "back"
    folder.mkdir()
    env = {"canary_to": "canary@exchange.test", "canary_mailbox": folder, "canary_expect": EXPECT}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    return folder


def ask(now: datetime) -> Canary:
    return canary.ask(for_run=False, by=DESK, now=now)


def comes_back(back: Path, one: Canary, raw: bytes, now: datetime) -> None:
    (back / f"{one.number}.eml").write_bytes(raw)
    canary.look(now=now)


@pytest.fixture
def readable(back: Path, now: datetime) -> Canary:
    """It left, and came back as it was."""
    one = ask(now)
    deliver_due(now=now)
    comes_back(back, one, message(one), now)
    return one


def secured_again(back: Path, now: datetime) -> None:
    one = ask(now)
    comes_back(back, one, secured(one), now)


def state(row: OutboxMail) -> str:
    row.refresh_from_db()
    return row.state


class Noting:
    """A receiver that notes which mails came, in their order."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def deliver(self, parcel: Parcel) -> None:
        self.names.append(parcel.name)

    def close(self) -> None:
        pass


def test_a_mail_that_was_queued_before_does_not_leave(post_mail: Post, back: Path, now: datetime) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    one = ask(now)
    comes_back(back, one, message(one), now)
    deliver_due(now=now)
    assert state(row) == MailState.QUEUED
    assert list(stopped()) == [row]


def test_a_mail_that_is_posted_afterwards_does_not_leave(readable: Canary, post_mail: Post, now: datetime) -> None:
    row = post_mail(password(), key="password:AB_1H12345:2")
    deliver_due(now=now)
    assert state(row) == MailState.QUEUED


def test_a_mail_whose_sender_was_killed_is_not_tried_again(readable: Canary, post_mail: Post, now: datetime) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    over = now - timedelta(minutes=1)
    OutboxMail.objects.filter(pk=row.pk).update(state=MailState.SENDING, lease_until=over, lease_by="killed")
    deliver_due(now=now)
    assert state(row) == MailState.SENDING


def test_the_canary_itself_leaves(readable: Canary, now: datetime, mailbox: Mailbox) -> None:
    two = ask(now)
    deliver_due(now=now)
    assert state(OutboxMail.objects.get(key=f"canary:{two.number}:1")) == MailState.ACCEPTED
    assert len(mailbox()) == 2


def test_one_that_comes_back_secured_lets_them_leave(
    readable: Canary, post_mail: Post, back: Path, now: datetime
) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    deliver_due(now=now)
    later = now + timedelta(minutes=5)
    two = ask(later)
    deliver_due(now=later)
    assert state(row) == MailState.QUEUED, "asked is not answered"
    comes_back(back, two, secured(two), later)
    deliver_due(now=later)
    assert state(row) == MailState.ACCEPTED
    assert not is_readable()


def test_one_that_was_asked_before_lets_nothing_leave(post_mail: Post, back: Path, now: datetime) -> None:
    """It left before the one that could be read, and came back after it."""
    one, two = ask(now - timedelta(minutes=5)), ask(now)
    comes_back(back, two, message(two), now)
    row = post_mail(password(), key="password:AB_1H12345:1")
    comes_back(back, one, secured(one), now)
    deliver_due(now=now)
    assert state(row) == MailState.QUEUED


def test_one_in_clear_holds_again_what_a_good_one_let_go(
    readable: Canary, post_mail: Post, back: Path, now: datetime
) -> None:
    secured_again(back, now + timedelta(minutes=5))
    later = now + timedelta(minutes=10)
    one = ask(later)
    comes_back(back, one, message(one), later)
    row = post_mail(password(), key="password:AB_1H12345:1")
    deliver_due(now=later)
    assert state(row) == MailState.QUEUED


def test_one_that_is_late_holds_nothing(post_mail: Post, now: datetime) -> None:
    ask(now - timedelta(hours=1))
    canary.look(now=now)
    assert Canary.objects.get().state == "late"
    row = post_mail(password(), key="password:AB_1H12345:1")
    deliver_due(now=now)
    assert state(row) == MailState.ACCEPTED


def test_one_that_is_late_lets_nothing_leave_either(readable: Canary, post_mail: Post, now: datetime) -> None:
    later = now + timedelta(hours=1)
    ask(now + timedelta(minutes=1))
    canary.look(now=later)
    row = post_mail(password(), key="password:AB_1H12345:1")
    deliver_due(now=later)
    assert state(row) == MailState.QUEUED


@pytest.mark.parametrize("way", [SecuredBy.SMIME, SecuredBy.PICKUP])
def test_mails_of_the_other_ways_leave(readable: Canary, post_mail: Post, now: datetime, way: SecuredBy) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    OutboxMail.objects.filter(pk=row.pk).update(secured_by=way)
    deliver_due(now=now)
    assert state(row) == MailState.ACCEPTED


def test_mails_that_need_no_securing_leave_and_no_neighbour_waits(
    readable: Canary, onboard: Onboard, post_mail: Post, now: datetime
) -> None:
    alice, bob = onboard(), onboard("AB_0E12345", number=2)
    charlie = post_mail(introduction(), key="introduction:AB_7C12345:1", thread=UUID(int=3))
    deliver_due(now=now, limit=3)
    assert [state(rows[0]) for rows in (alice, bob)] == [MailState.ACCEPTED] * 2
    assert state(charlie) == MailState.ACCEPTED
    assert [state(row) for row in (*alice[1:], *bob[1:])] == [MailState.QUEUED] * 4


def test_let_go_after_days_each_thread_leaves_in_its_order(
    readable: Canary, onboard: Onboard, back: Path, now: datetime
) -> None:
    alice = onboard()
    later = now + timedelta(days=3)
    deliver_due(now=later)
    secured_again(back, later)
    way = Noting()
    deliver_due(now=later, way=way)
    found = [name for name in way.names if name in {str(row.pk) for row in alice}]
    assert found == [str(row.pk) for row in alice[1:]]


def test_what_waited_too_long_is_given_up_wiped_and_says_why(readable: Canary, post_mail: Post, now: datetime) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    deliver_due(now=now + timedelta(days=6))
    assert state(row) == MailState.QUEUED
    deliver_due(now=now + timedelta(days=8))
    assert (state(row), row.sealed_body) == (MailState.GAVE_UP, None)
    (event,) = events(Action.MAIL_GAVE_UP)
    assert "canary" in str(event.detail["reason"])
    assert "canary" in row.last_error


def test_what_is_held_can_be_taken_back(readable: Canary, post_mail: Post, now: datetime) -> None:
    row = post_mail(username(), key="username:AB_1H12345:1")
    with transaction.atomic():
        assert cancel(now=now, key_prefix="username:") == 1
    assert state(row) == MailState.CANCELLED
    assert not stopped().exists()


def test_who_takes_the_canary_away_and_keeps_the_gateway_vouches_for_it(
    readable: Canary, post_mail: Post, settings: Settings, now: datetime
) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    env = {"canary_to": "", "canary_mailbox": None, "canary_expect": ""}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    deliver_due(now=now)
    assert state(row) == MailState.ACCEPTED


def test_who_leaves_the_gateway_lets_nothing_through_it(
    readable: Canary, post_mail: Post, settings: Settings, now: datetime
) -> None:
    """The start asks to take the canary away then: that must not send what was held by the leaking way."""
    old = post_mail(password(), key="password:AB_1H12345:1")
    env = {"canary_to": "", "canary_mailbox": None, "canary_expect": "", "secured_mail": "pickup"}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    new = post_mail(password(), key="password:AB_1H12345:2")
    deliver_due(now=now)
    assert (state(old), state(new)) == (MailState.QUEUED, MailState.ACCEPTED)
