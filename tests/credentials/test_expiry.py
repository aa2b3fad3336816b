"""Warnings and locks (J26, J27): one warning a password, from 08:00 of the tenth day before until the lock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials.disable import disable
from extranet.credentials.expiry import Expired, expire
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.issue import issue_password
from extranet.credentials.models import Account
from extranet.mail.models import OutboxMail
from tests.credentials.people import DESK, NEW, days, events, fresh, mails, new_account, new_staff, try_login

pytestmark = pytest.mark.django_db
PACIFIC = ZoneInfo("America/Los_Angeles")
SECOND = timedelta(seconds=1)
WARNED, LOCKED, QUIET = Expired(1, 0, 0), Expired(0, 1, 0), Expired(0, 0, 0)


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=PACIFIC).astimezone(UTC)


@pytest.fixture
def busy(alice: Account) -> Account:
    """Alice, who logs in often: only her password's days matter."""
    Account.objects.filter(pk=alice.pk).update(last_login=local(2027, 3, 1))
    return alice


def test_the_warning_goes_at_eight_on_the_tenth_day_before_and_once(busy: Account) -> None:
    assert busy.expires_on == date(2027, 1, 15)
    due = local(2027, 1, 5, 8)
    assert expire(now=due - SECOND) == QUIET
    assert expire(now=due) == WARNED
    assert expire(now=due) == expire(now=due + days(1)) == expire(now=due + days(9)) == QUIET
    (mail,) = mails(busy.username)
    assert (mail.key, mail.to_address) == (f"expiry_warning:{busy.pk}:1-10", "4000001@agents.test")
    assert "10 days" in mail.subject
    assert len(events("account:password:warned", busy.username)) == 1


def test_after_an_outage_the_warning_comes_late_with_the_days_that_are_left(busy: Account) -> None:
    assert expire(now=local(2027, 1, 16) - SECOND) == WARNED
    assert mails(busy.username)[0].kind == "expiry_warning"


def test_after_the_lock_no_warning_comes_any_more(busy: Account) -> None:
    assert expire(now=local(2027, 1, 16)) == LOCKED
    assert expire(now=local(2027, 2, 16)) == QUIET
    assert mails() == []
    assert len(events("account:password:expired", busy.username)) == 1


def test_a_lost_outbox_row_sends_no_second_warning(busy: Account) -> None:
    expire(now=local(2027, 1, 6))
    OutboxMail.objects.all().delete()
    assert expire(now=local(2027, 1, 7)) == QUIET


def test_a_new_password_has_its_own_warning_and_its_own_lock(busy: Account) -> None:
    expire(now=local(2027, 1, 6))
    set_at = local(2027, 1, 7)
    put_in_force(account=fresh(busy), encoded=hash_password(NEW), generated=False, now=set_at)
    assert expire(now=local(2027, 1, 20)) == QUIET
    assert expire(now=local(2027, 2, 28)) == WARNED
    assert expire(now=local(2027, 3, 9)) == LOCKED
    assert len(mails(busy.username)) == 2


def test_the_clock_change_moves_the_warning_with_the_wall_clock(db: None) -> None:
    account = new_account(now=datetime(2027, 1, 18, 20, tzinfo=UTC))  # ends on 19 March, five days into summer time
    assert account.expires_on == date(2027, 3, 19)
    Account.objects.update(last_login=local(2027, 3, 1))
    assert expire(now=datetime(2027, 3, 9, 16, tzinfo=UTC) - SECOND) == QUIET
    assert expire(now=datetime(2027, 3, 9, 16, tzinfo=UTC)) == WARNED  # 08:00 is 16:00 in winter
    assert expire(now=datetime(2027, 3, 20, 7, tzinfo=UTC) - SECOND) == QUIET
    assert expire(now=datetime(2027, 3, 20, 7, tzinfo=UTC)) == LOCKED  # midnight is 07:00 in summer


def test_the_other_person_of_the_house_is_not_warned(busy: Account, bob: Account) -> None:
    put_in_force(account=fresh(bob), encoded=hash_password(NEW), generated=False, now=local(2027, 1, 4))
    assert expire(now=local(2027, 1, 6)) == WARNED
    assert mails(bob.username) == []


def test_who_is_locked_for_another_reason_is_not_misled_by_a_warning(db: None, now: datetime) -> None:
    gone, barred, issued = (new_account(f"400000{n}", now=now) for n in range(3))
    Agent.objects.filter(account=gone).update(status=CertificationStatus.DECERTIFIED)
    disable(account=barred, reason="left", by=DESK, now=now)
    issue_password(account=issued, now=local(2027, 1, 4), by=DESK)
    Account.objects.update(last_login=local(2027, 1, 4))
    assert expire(now=local(2027, 1, 6)) == QUIET
    assert mails() == []


def test_staff_are_warned_at_their_own_address(db: None, now: datetime) -> None:
    dora = new_staff(now=now)
    Account.objects.update(last_login=local(2027, 1, 4))
    assert expire(now=local(2027, 1, 6)) == WARNED
    assert mails(dora.username)[0].to_address == "dora@staff.test"


def test_an_address_that_takes_no_mail_is_tried_again_when_it_is_mended(busy: Account) -> None:
    Agent.objects.update(email="nonsense")
    assert expire(now=local(2027, 1, 6)) == QUIET
    Agent.objects.update(email="mended@agents.test")
    assert expire(now=local(2027, 1, 7)) == WARNED


def test_sixty_quiet_days_are_noted_once_and_again_only_after_a_login(alice: Account, now: datetime) -> None:
    assert expire(now=now + days(60) - SECOND).inactive == 0
    assert expire(now=now + days(60)).inactive == 1
    assert expire(now=now + days(61)).inactive == 0
    put_in_force(account=fresh(alice), encoded=hash_password(NEW), generated=True, now=now + days(62))
    try_login(alice, NEW, now=now + days(63))
    assert expire(now=now + days(122)).inactive == 0
    assert expire(now=now + days(123)).inactive == 1


def test_passwords_that_do_not_age_are_neither_warned_about_nor_locked(
    db: None, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("nist_63b4")
    new_account(now=now)
    Account.objects.update(last_login=now + days(300))
    assert expire(now=now + days(310)) == QUIET


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_warn_once(now: datetime) -> None:
    for number in range(6):
        new_account(f"400000{number}", now=now)
    Account.objects.update(last_login=local(2027, 1, 4))

    def run(_: int) -> int:
        try:
            return expire(now=local(2027, 1, 6)).warned
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(run, range(3))) == 6
    assert OutboxMail.objects.count() == 6
