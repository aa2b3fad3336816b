"""Days and moments: right across clock changes, year ends and leap days, in any zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extranet.policy import (
    at_local,
    end_of_day,
    expected_publication_day,
    is_late,
    is_monday,
    local_day,
    monday_on_or_before,
    onboarding_cutoff,
    policy_named,
)

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
JOBAID = policy_named("jobaid")
DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 1))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
ZONES = st.sampled_from(
    ["America/Los_Angeles", "UTC", "Asia/Kathmandu", "Pacific/Apia", "America/Havana", "America/Sao_Paulo"]
).map(ZoneInfo)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "ends", "hours"),
    [
        ("2026-03-07", "2026-03-08 08:00", 24),
        ("2026-03-08", "2026-03-09 07:00", 23),
        ("2026-11-01", "2026-11-02 08:00", 25),
        ("2026-12-31", "2027-01-01 08:00", 24),
        ("2028-02-29", "2028-03-01 08:00", 24),
    ],
)
def test_a_day_ends_at_its_own_midnight(day: str, ends: str, hours: int) -> None:
    that = date.fromisoformat(day)
    assert end_of_day(that, LOS_ANGELES) == utc(ends)
    assert end_of_day(that, LOS_ANGELES) - at_local(that, 0, LOS_ANGELES) == timedelta(hours=hours)


@given(DAYS, ZONES)
def test_the_moment_before_midnight_is_the_last_of_the_day_and_midnight_is_not(day: date, zone: ZoneInfo) -> None:
    midnight = end_of_day(day, zone)
    assert local_day(midnight, zone) > day
    assert local_day(midnight - timedelta(microseconds=1), zone) <= day


@given(MOMENTS, ZONES)
def test_every_moment_lies_in_exactly_the_day_it_is_told_to_be(moment: datetime, zone: ZoneInfo) -> None:
    day = local_day(moment, zone)
    assert at_local(day, 0, zone) <= moment < end_of_day(day, zone)


def test_a_day_that_a_zone_skipped_ends_when_it_would_have_begun() -> None:
    apia = ZoneInfo("Pacific/Apia")  # had no 30 December 2011
    assert end_of_day(date(2011, 12, 29), apia) == end_of_day(date(2011, 12, 30), apia) == utc("2011-12-30 10:00")


def test_a_midnight_that_spring_skips_is_the_moment_of_the_jump() -> None:
    assert end_of_day(date(2018, 11, 3), ZoneInfo("America/Sao_Paulo")) == utc("2018-11-04 03:00")


def test_eight_in_the_morning_is_another_moment_in_summer() -> None:
    assert at_local(date(2026, 3, 7), 8, LOS_ANGELES) == utc("2026-03-07 16:00")
    assert at_local(date(2026, 3, 8), 8, LOS_ANGELES) == utc("2026-03-08 15:00")


@given(DAYS)
def test_the_monday_on_or_before_is_a_monday_less_than_a_week_back(day: date) -> None:
    monday = monday_on_or_before(day)
    assert is_monday(monday)
    assert timedelta(0) <= day - monday < timedelta(days=7)


def test_only_mondays_are_mondays() -> None:
    assert [is_monday(date(2026, 11, 16) + timedelta(days=n)) for n in range(7)] == [True] + [False] * 6


def test_monday_begins_in_the_zone_of_the_exchange_not_in_london() -> None:
    sunday_night = utc("2026-11-16 07:59")  # 23:59 on Sunday in Los Angeles
    assert onboarding_cutoff(sunday_night, LOS_ANGELES) == date(2026, 11, 15)
    assert expected_publication_day(sunday_night, LOS_ANGELES) == date(2026, 11, 9)
    assert onboarding_cutoff(sunday_night + timedelta(minutes=1), LOS_ANGELES) == date(2026, 11, 16)
    assert expected_publication_day(sunday_night + timedelta(minutes=1), LOS_ANGELES) == date(2026, 11, 16)


@pytest.mark.parametrize(
    ("latest", "now", "late"),
    [
        ("2026-11-09", "2026-11-16 19:59", False),  # 11:59 on Monday: there is still time
        ("2026-11-09", "2026-11-16 20:00", True),
        ("2026-11-16", "2026-11-16 20:00", False),
        ("2026-11-16", "2026-11-23 19:59", False),
        ("2026-11-17", "2026-11-22 20:00", False),  # came on Tuesday, dated Tuesday
        ("2026-11-02", "2026-11-16 15:00", True),  # last week's never came either
        ("2026-12-28", "2027-01-04 19:59", False),
        ("2026-12-28", "2027-01-04 20:00", True),
        ("2026-03-02", "2026-03-09 18:59", False),  # noon is an hour earlier in UTC since Sunday
        ("2026-03-02", "2026-03-09 19:00", True),
        (None, "2026-11-16 15:00", True),
    ],
)
def test_mondays_file_is_late_from_noon(latest: str | None, now: str, late: bool) -> None:
    as_of = date.fromisoformat(latest) if latest else None
    assert is_late(as_of, utc(now), LOS_ANGELES, JOBAID) is late
