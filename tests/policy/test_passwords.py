"""Sixty days, ten days, fourteen days (J26, J27), and inactivity."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extranet.policy import (
    expires_on,
    inactive_from,
    is_expired,
    local_day,
    policy_named,
    rung_in_force,
    temporary_until,
    warn_at,
    warning_is_due,
)

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
JOBAID = policy_named("jobaid")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
LATER = st.timedeltas(timedelta(0), timedelta(days=90))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("set_at", "last_day", "locked_at"),
    [
        ("2026-11-16 17:00", "2027-01-15", "2027-01-16 08:00"),  # over the end of the year
        ("2026-11-17 07:59", "2027-01-15", "2027-01-16 08:00"),  # still the 16th in Los Angeles
        ("2026-11-17 08:00", "2027-01-16", "2027-01-17 08:00"),
        ("2026-02-01 20:00", "2026-04-02", "2026-04-03 07:00"),  # over the start of summer time
        ("2026-09-20 19:00", "2026-11-19", "2026-11-20 08:00"),  # over its end
        ("2028-01-15 20:00", "2028-03-15", "2028-03-16 07:00"),  # over a leap day
        ("2027-01-15 20:00", "2027-03-16", "2027-03-17 07:00"),
    ],
)
def test_a_password_is_good_through_the_last_moment_of_day_sixty(set_at: str, last_day: str, locked_at: str) -> None:
    day = expires_on(utc(set_at), JOBAID, LOS_ANGELES)
    assert day == date.fromisoformat(last_day)
    assert not is_expired(day, utc(locked_at) - timedelta(microseconds=1), LOS_ANGELES)
    assert is_expired(day, utc(locked_at), LOS_ANGELES)


@pytest.mark.parametrize(
    ("last_day", "from_moment"),
    [
        ("2027-01-15", "2027-01-05 16:00"),
        ("2027-01-05", "2026-12-26 16:00"),
        ("2026-03-18", "2026-03-08 15:00"),  # the morning after the clock went forward
        ("2026-11-11", "2026-11-01 16:00"),  # and after it went back
        ("2028-03-10", "2028-02-29 16:00"),
    ],
)
def test_the_warning_goes_from_eight_in_the_morning_ten_days_before(last_day: str, from_moment: str) -> None:
    day, first = date.fromisoformat(last_day), utc(from_moment)
    assert warn_at(day, 10, JOBAID, LOS_ANGELES) == first
    assert not warning_is_due(day, first - timedelta(microseconds=1), JOBAID, LOS_ANGELES)
    assert warning_is_due(day, first, JOBAID, LOS_ANGELES)


def test_the_warning_comes_late_after_an_outage_but_never_after_the_lock() -> None:
    day = date(2027, 1, 15)
    assert warning_is_due(day, utc("2027-01-16 07:59"), JOBAID, LOS_ANGELES)
    assert not warning_is_due(day, utc("2027-01-16 08:00"), JOBAID, LOS_ANGELES)


@pytest.mark.parametrize(
    ("moment", "rung"),
    [
        ("2027-01-05 15:59", None),
        ("2027-01-05 16:00", 10),
        ("2027-01-10 15:59", 10),  # eight in the morning is the hour of every rung
        ("2027-01-10 16:00", 5),
        ("2027-01-13 16:00", 3),
        ("2027-01-14 16:00", 1),
        ("2027-01-16 07:59", 1),
        ("2027-01-16 08:00", None),
    ],
)
def test_of_the_rungs_that_were_reached_the_lowest_one_counts(moment: str, rung: int | None) -> None:
    assert rung_in_force(date(2027, 1, 15), utc(moment), policy_named("arc_ampe"), LOS_ANGELES) == rung


@given(MOMENTS, LATER)
def test_nobody_is_warned_and_locked_at_once(set_at: datetime, later: timedelta) -> None:
    day, now = expires_on(set_at, JOBAID, LOS_ANGELES), set_at + later
    assert day is not None
    assert not (is_expired(day, now, LOS_ANGELES) and warning_is_due(day, now, JOBAID, LOS_ANGELES))
    assert is_expired(day, now, LOS_ANGELES) == (
        local_day(now, LOS_ANGELES) > local_day(set_at, LOS_ANGELES) + timedelta(60)
    )


def test_a_password_of_nist_63b4_does_not_age() -> None:
    policy = policy_named("nist_63b4")
    assert expires_on(utc("2026-11-16 17:00"), policy, LOS_ANGELES) is None
    assert not is_expired(None, utc("2099-01-01 00:00"), LOS_ANGELES)
    assert not warning_is_due(None, utc("2099-01-01 00:00"), policy, LOS_ANGELES)


def test_arc_ampe_gives_one_hundred_and_eighty_days() -> None:
    assert expires_on(utc("2026-11-16 17:00"), policy_named("arc_ampe"), LOS_ANGELES) == date(2027, 5, 15)


def test_a_generated_password_lives_fourteen_days() -> None:
    assert temporary_until(utc("2026-02-28 17:00"), JOBAID) == utc("2026-03-14 17:00")


@pytest.mark.parametrize(
    ("last_login", "inactive"),
    [
        (None, "2027-01-15 17:00"),
        ("2026-12-01 09:00", "2027-01-30 09:00"),
        ("2026-10-01 09:00", "2027-01-15 17:00"),  # issued anew after the last login
    ],
)
def test_inactivity_counts_from_the_later_of_issue_and_last_login(last_login: str | None, inactive: str) -> None:
    login = utc(last_login) if last_login else None
    assert inactive_from(utc("2026-11-16 17:00"), login, JOBAID) == utc(inactive)
