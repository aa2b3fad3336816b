"""The ladder of warnings where policy wants more than one: each rung once a password, true, and never of an old one."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from extranet.credentials.expiry import expire
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account
from extranet.mail.delivery import deliver_due
from extranet.mail.models import MailState, OutboxMail
from tests.credentials.people import NEW, events, fresh
from tests.policies import put_in_force as put_policy_in_force

pytestmark = pytest.mark.django_db
PACIFIC = ZoneInfo("America/Los_Angeles")
LADDER = (10, 5, 3, 1)


def local(month: int, day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=PACIFIC).astimezone(UTC)


@pytest.fixture
def busy(alice: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Alice, whose password ends on 15 January, under a policy with four rungs."""
    put_policy_in_force(monkeypatch, warning_days=LADDER)
    Account.objects.filter(pk=alice.pk).update(last_login=local(3, 1))
    return alice


def told() -> list[str]:
    """The subjects of the warnings, in the order of their posting."""
    found = OutboxMail.objects.filter(kind="expiry_warning").order_by("posted_at")
    return [
        mail.subject.partition(" – ")[0].removeprefix("Your password expires ").removeprefix("in ") for mail in found
    ]


def test_each_rung_is_said_at_eight_of_its_day_and_once(busy: Account) -> None:
    for day in range(1, 16):
        for hour, minute in ((7, 59), (8, 0), (8, 0), (23, 59)):
            expire(now=local(1, day, hour, minute))
    assert told() == ["10 days", "5 days", "3 days", "1 day"]
    rungs = [mail.key.rpartition(":")[2] for mail in OutboxMail.objects.order_by("posted_at")]
    assert rungs == ["1-10", "1-5", "1-3", "1-1"]
    assert [event.detail["days"] for event in events("account:password:warned", busy.username)] == list(LADDER)


def test_rungs_missed_in_an_outage_become_one_mail_with_the_days_that_are_left(busy: Account) -> None:
    expire(now=local(1, 11))
    assert told() == ["4 days"]
    expire(now=local(1, 12))
    assert told() == ["4 days", "3 days"]


def test_on_the_last_day_a_late_warning_still_comes_and_after_it_none(busy: Account) -> None:
    expire(now=local(1, 15, 23, 59))
    expire(now=local(1, 16, 0))
    assert told() == ["today"]


def test_a_clock_that_was_set_back_says_nothing_twice(busy: Account) -> None:
    for day in (5, 10, 4, 5, 6, 10, 11, 9, 12):
        expire(now=local(1, day))
    assert told() == ["10 days", "5 days", "3 days"]


@pytest.mark.parametrize(
    ("ladders", "expected"),
    [
        ([(5, (10,)), (6, LADDER), (10, LADDER)], ["10 days", "5 days"]),  # it grew
        ([(5, LADDER), (10, LADDER), (11, (10,)), (14, (10,))], ["10 days", "5 days"]),  # it shrank
        ([(11, (10,)), (11, LADDER), (12, LADDER)], ["4 days", "3 days"]),  # grew on the day of a late mail
        ([(8, (7,)), (9, (10, 7)), (10, (10,))], ["7 days"]),  # a rung above the one that was said
    ],
)
def test_a_policy_that_changes_in_between_repeats_nothing(
    busy: Account, monkeypatch: pytest.MonkeyPatch, ladders: list[tuple[int, tuple[int, ...]]], expected: list[str]
) -> None:
    for day, rungs in ladders:
        put_policy_in_force(monkeypatch, warning_days=rungs)
        expire(now=local(1, day))
    assert told() == expected


def test_a_new_password_takes_back_the_warnings_of_the_old_one_that_have_not_left(busy: Account, bob: Account) -> None:
    expire(now=local(1, 5))
    deliver_due(now=local(1, 5))
    expire(now=local(1, 10))  # the relay is away
    Account.objects.filter(pk=busy.pk).update(username="CC_4999999")  # a license was renamed meanwhile
    put_in_force(account=fresh(busy), encoded=hash_password(NEW), generated=False, now=local(1, 10, 9))
    states = {
        (mail.about == bob.username, mail.key.rpartition("-")[2]): mail.state for mail in OutboxMail.objects.all()
    }
    accepted, cancelled, queued = MailState.ACCEPTED, MailState.CANCELLED, MailState.QUEUED
    assert states[False, "10"] == accepted
    assert states[False, "5"] == cancelled
    assert {state for (is_bobs, _), state in states.items() if is_bobs} == {queued, accepted}  # nothing of his
    assert len(events("mail:delivery:cancelled")) == 1


def test_a_password_that_does_not_come_to_be_takes_nothing_back(busy: Account) -> None:
    expire(now=local(1, 5))
    with transaction.atomic():
        put_in_force(account=fresh(busy), encoded="x", generated=False, now=local(1, 5, 9))
        transaction.set_rollback(True)
    assert OutboxMail.objects.get().state == MailState.QUEUED


def test_a_warning_that_has_not_left_by_the_lock_is_taken_back(busy: Account) -> None:
    expire(now=local(1, 14))
    expire(now=local(1, 16, 0))
    assert OutboxMail.objects.get().state == MailState.CANCELLED
