"""One gate for every channel: who may enter now, and why not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from extranet.agents.models import CertificationStatus
from extranet.credentials.agreement import version_in_force
from extranet.credentials.gate import RESET_HELPS, WITHOUT_PASSWORD, Channel, Reason, may_enter
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account
from tests.credentials.people import days, fresh, new_account

PACIFIC = ZoneInfo("America/Los_Angeles")
ONLY_THE_EXCHANGE = {Reason.DISABLED, Reason.NOT_CERTIFIED, Reason.SUSPENDED, Reason.DECERTIFIED}


def barred(account: Account, now: datetime) -> Account:
    """The account as it stands in the database, agreement accepted."""
    Account.objects.filter(pk=account.pk).update(agreement_version=version_in_force())
    return fresh(account)


def spoil(account: Account, now: datetime, **fields: Any) -> Account:
    Account.objects.filter(pk=account.pk).update(**fields)
    return barred(account, now)


FAULTS: list[tuple[Reason, Callable[[Account, datetime], Account]]] = [
    (Reason.DISABLED, lambda account, now: spoil(account, now, disabled_at=now)),
    (Reason.NO_PASSWORD, lambda account, now: spoil(account, now, password="")),
    (Reason.REVOKED, lambda account, now: spoil(account, now, revoked_at=now)),
    (Reason.TEMPORARY_LAPSED, lambda account, now: spoil(account, now, temporary=True, temporary_until=now)),
    (Reason.EXPIRED, lambda account, now: spoil(account, now, expires_on=date(2026, 11, 15))),
    (Reason.INACTIVE, lambda account, now: spoil(account, now, issued_at=now - days(60), last_login=now - days(60))),
]


@pytest.mark.parametrize(("reason", "spoiled"), FAULTS)
@pytest.mark.parametrize("channel", Channel)
def test_every_channel_asks_for_every_fault(
    alice: Account, bob: Account, now: datetime, channel: Channel, reason: Reason, spoiled: Any
) -> None:
    verdict = may_enter(spoiled(alice, now), channel=channel, now=now)
    reset_clears_it = channel in WITHOUT_PASSWORD and reason in RESET_HELPS
    assert verdict.allowed is reset_clears_it
    assert verdict.reason is (Reason.OK if reset_clears_it else reason)
    assert may_enter(barred(bob, now), channel=channel, now=now).allowed  # the neighbour is untouched


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (CertificationStatus.PENDING, Reason.NOT_CERTIFIED),
        (CertificationStatus.SUSPENDED, Reason.SUSPENDED),
        (CertificationStatus.DECERTIFIED, Reason.DECERTIFIED),
    ],
)
@pytest.mark.parametrize("channel", Channel)
def test_who_is_not_certified_enters_nowhere_not_even_to_reset(
    db: None, now: datetime, channel: Channel, status: str, reason: Reason
) -> None:
    account = barred(new_account(now=now, status=status), now)
    verdict = may_enter(account, channel=channel, now=now)
    assert (verdict.allowed, verdict.reason) == (False, reason)


def test_the_reasons_that_a_reset_clears_and_those_that_it_never_does_are_told_apart() -> None:
    assert not RESET_HELPS & ONLY_THE_EXCHANGE


def test_day_sixty_is_good_through_its_last_moment_in_the_exchanges_zone(alice: Account, now: datetime) -> None:
    assert alice.expires_on == date(2027, 1, 15)  # set on 16 November, across the end of the year
    ends = datetime(2027, 1, 16, tzinfo=PACIFIC).astimezone(UTC)
    account = spoil(alice, now, last_login=ends)
    assert may_enter(account, channel=Channel.PORTAL, now=ends - timedelta(microseconds=1)).allowed
    assert may_enter(account, channel=Channel.PORTAL, now=ends).reason is Reason.EXPIRED


@pytest.mark.parametrize(
    ("set_at", "last_day"),
    [
        (datetime(2026, 3, 7, 20, tzinfo=UTC), date(2026, 5, 6)),  # summer time began on 8 March
        (datetime(2026, 9, 15, 20, tzinfo=UTC), date(2026, 11, 14)),  # and ended on 1 November
        (datetime(2026, 11, 17, 7, 59, tzinfo=UTC), date(2027, 1, 15)),  # still the 16th in California
        (datetime(2026, 11, 17, 8, 0, tzinfo=UTC), date(2027, 1, 16)),
    ],
)
def test_sixty_days_are_days_of_the_calendar_across_the_clock_change(
    db: None, set_at: datetime, last_day: date
) -> None:
    account = new_account(now=set_at)
    ends = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), tzinfo=PACIFIC).astimezone(UTC)
    account = spoil(account, set_at, last_login=ends)
    assert account.expires_on == last_day
    assert may_enter(account, channel=Channel.PORTAL, now=ends - timedelta(seconds=1)).allowed
    assert not may_enter(account, channel=Channel.PORTAL, now=ends).allowed


def test_a_generated_password_lives_fourteen_days_and_starts_no_sixty(alice: Account, now: datetime) -> None:
    put_in_force(account=alice, encoded="argon2$x", generated=True, now=now)
    account = barred(alice, now)
    assert account.expires_on is None
    before = may_enter(account, channel=Channel.PORTAL, now=now + days(14) - timedelta(seconds=1))
    assert (before.allowed, before.must_change) == (True, True)
    assert may_enter(account, channel=Channel.PORTAL, now=now + days(14)).reason is Reason.TEMPORARY_LAPSED


def test_inactivity_counts_from_the_later_of_issue_and_last_login(alice: Account, now: datetime) -> None:
    account = spoil(alice, now, expires_on=None, last_login=now + days(10))
    assert may_enter(account, channel=Channel.PORTAL, now=now + days(70) - timedelta(seconds=1)).allowed
    assert may_enter(account, channel=Channel.PORTAL, now=now + days(70)).reason is Reason.INACTIVE


def test_a_temporary_password_opens_the_portal_to_change_it_but_no_download_and_no_api(
    alice: Account, now: datetime
) -> None:
    account = spoil(alice, now, temporary=True, temporary_until=now + days(1))
    for channel in (Channel.DOWNLOAD, Channel.API):
        assert may_enter(account, channel=channel, now=now).reason is Reason.MUST_CHANGE
    assert may_enter(account, channel=Channel.PORTAL, now=now).must_change


def test_nothing_is_downloaded_before_the_agreement(alice: Account, now: datetime) -> None:
    for channel in (Channel.DOWNLOAD, Channel.API):
        assert may_enter(fresh(alice), channel=channel, now=now).reason is Reason.NEEDS_AGREEMENT
    verdict = may_enter(fresh(alice), channel=Channel.PORTAL, now=now)
    assert (verdict.allowed, verdict.needs_agreement) == (True, True)


def test_where_passwords_do_not_age_the_gate_locks_none(
    db: None, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("nist_63b4")
    account = new_account(now=now)
    assert account.expires_on is None
    account = spoil(account, now, last_login=now + days(300))
    assert may_enter(account, channel=Channel.PORTAL, now=now + days(310)).allowed


def test_a_change_of_policy_moves_no_stored_day(
    alice: Account, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("arc_ampe")  # 180 days
    account = spoil(alice, now, last_login=now + days(61))
    assert may_enter(account, channel=Channel.PORTAL, now=now + days(61)).reason is Reason.EXPIRED
