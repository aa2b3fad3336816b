from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extranet.jobs.cron import KEPT, LEASE, Entry, latest_due, run_due
from extranet.jobs.models import TimetableRun

ZONE = ZoneInfo("America/Los_Angeles")
MONDAY = "0 6 * * 1"


class Killed(BaseException):
    pass


class Act:
    """Something to run that notes when it was."""

    def __init__(self) -> None:
        self.moments: list[datetime] = []
        self.error: BaseException | None = None

    def __call__(self, now: datetime) -> str:
        self.moments.append(now)
        if self.error:
            raise self.error
        return "3 taken in"


@pytest.fixture
def act() -> Act:
    return Act()


@pytest.fixture
def look(act: Act) -> Callable[[datetime], list[str]]:
    def run(now: datetime) -> list[str]:
        return [ran.outcome for ran in run_due([Entry("onboarding", MONDAY, act)], now=now, zone=ZONE)]

    return run


Look = Callable[[datetime], list[str]]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-16T14:00:00Z", "2026-11-16T14:00:00Z"),  # the very second, winter: 06:00 is 14:00 UTC
        ("2026-11-16T13:59:59Z", "2026-11-09T14:00:00Z"),
        ("2026-11-01T12:00:00Z", "2026-10-26T13:00:00Z"),  # the Sunday on which the clocks go back
        ("2026-11-02T14:00:00Z", "2026-11-02T14:00:00Z"),
        ("2026-11-02T13:00:00Z", "2026-10-26T13:00:00Z"),  # 05:00 by the new clock
        ("2027-03-15T13:00:00.5Z", "2027-03-15T13:00:00Z"),  # the day after the clocks went forward
        ("2027-01-01T00:00:00Z", "2026-12-28T14:00:00Z"),
    ],
)
def test_due_moments_follow_the_clock_of_the_exchange(now: str, due: str) -> None:
    assert latest_due(MONDAY, now=datetime.fromisoformat(now), zone=ZONE) == datetime.fromisoformat(due)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_newest_due_moment_is_a_monday_at_six_of_the_last_seven_days(now: datetime) -> None:
    due = latest_due(MONDAY, now=now, zone=ZONE)
    local = due.astimezone(ZONE)
    assert (local.weekday(), local.hour, local.minute, local.second) == (0, 6, 0, 0)
    assert timedelta() <= now - due < timedelta(days=7, hours=1)


@pytest.mark.django_db
def test_a_moment_is_run_once(look: Look, act: Act, now: datetime) -> None:
    assert look(now) == ["3 taken in"]
    assert look(now) == []
    assert look(now + timedelta(days=6)) == []
    assert look(now + timedelta(days=7)) == ["3 taken in"]
    assert len(act.moments) == 2


@pytest.mark.django_db
def test_after_two_missed_mondays_it_runs_once_for_the_newest(look: Look, act: Act, now: datetime) -> None:
    look(now)
    assert look(now + timedelta(days=23)) == ["3 taken in"]
    assert look(now + timedelta(days=23)) == []
    newest = TimetableRun.objects.latest("due_at")
    assert newest.due_at == datetime(2026, 12, 7, 14, tzinfo=UTC)


@pytest.mark.django_db
def test_a_killed_run_is_repeated_when_its_lease_ran_out(look: Look, act: Act, now: datetime) -> None:
    act.error = Killed()
    with pytest.raises(Killed):
        look(now)
    act.error = None
    assert look(now + LEASE - timedelta(seconds=1)) == [], "its worker may still be alive"
    assert look(now + LEASE) == ["3 taken in"]
    assert TimetableRun.objects.get().attempts == 2


@pytest.mark.django_db
def test_a_failed_run_is_tried_again_later_and_told_without_its_words(look: Look, act: Act, now: datetime) -> None:
    act.error = ValueError("123-45-6789")
    assert look(now) == ["failed: ValueError"]
    assert look(now + timedelta(seconds=30)) == []
    assert look(now + timedelta(seconds=75)) == ["failed: ValueError"]
    act.error = None
    assert look(now + timedelta(minutes=10)) == ["3 taken in"]
    assert look(now + timedelta(minutes=20)) == []
    assert "6789" not in "".join(TimetableRun.objects.values_list("outcome", flat=True))


@pytest.mark.django_db
def test_a_failed_run_is_tried_at_least_hourly_however_often_it_failed(look: Look, act: Act, now: datetime) -> None:
    act.error = ValueError()
    for hour in range(12):
        look(now + timedelta(hours=hour, minutes=2 * hour))
    assert len(act.moments) == 12


@pytest.mark.django_db
def test_one_broken_entry_does_not_stop_the_others(act: Act, now: datetime) -> None:
    broken = Act()
    broken.error = ValueError()
    entries = [Entry("broken", MONDAY, broken), Entry("good", MONDAY, act)]
    assert [ran.failed for ran in run_due(entries, now=now, zone=ZONE)] == [True, False]


@pytest.mark.django_db
def test_entries_run_in_the_order_of_the_list(now: datetime) -> None:
    order: list[str] = []

    def entry(name: str) -> Entry:
        def run(_: datetime) -> str:
            order.append(name)
            return ""

        return Entry(name, MONDAY, run)

    run_due([entry("roster"), entry("onboarding"), entry("publication")], now=now, zone=ZONE)
    assert order == ["roster", "onboarding", "publication"]


@pytest.mark.django_db
def test_an_entry_does_not_begin_while_its_older_run_lives(act: Act, now: datetime) -> None:
    minute = [Entry("mail", "* * * * *", act)]
    seen: list[int] = []

    def nested(moment: datetime) -> str:
        seen.append(len(run_due(minute, now=moment + timedelta(minutes=1), zone=ZONE)))
        return "sent"

    run_due([Entry("mail", "* * * * *", nested)], now=now, zone=ZONE)
    assert seen == [0]
    assert len(run_due(minute, now=now + timedelta(minutes=1), zone=ZONE)) == 1


@pytest.mark.django_db
def test_old_runs_are_forgotten(look: Look, now: datetime) -> None:
    look(now)
    look(now + KEPT + timedelta(days=8))
    assert TimetableRun.objects.count() == 1
