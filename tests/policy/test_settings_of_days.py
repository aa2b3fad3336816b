"""Each setting of Mondays, mails and the service center, with two values: what happens is not the same."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from pytest_django import Settings

from extranet.agents.change_email import ask, complete_due
from extranet.agents.models import EmailChange
from extranet.credentials.onboarding import onboard
from extranet.jobs.cron import latest_due
from extranet.mail.claims import due
from extranet.mail.delivery import deliver_due
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.secured import canary
from extranet.policy import clock_state, due_at, overdue_at
from extranet.profile.loader import current
from extranet.timetable import ONBOARDING, TIMETABLE_ENTRIES, entries
from extranet.web.portal.late import missing_monday
from tests.credentials.people import DESK, days, new_agent
from tests.policy.conftest import Under

MONDAY = date(2026, 11, 16)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("onboarding_hour", "moment"), [(6, 14), (9, 17)])
def test_at_which_hour_of_monday_agents_are_taken_in(under: Under, onboarding_hour: int, moment: int) -> None:
    under(onboarding_hour=onboarding_hour)
    cron = next(entry.cron for entry in entries() if entry.name == ONBOARDING)
    due_then = latest_due(cron, now=datetime(2026, 11, 18, tzinfo=UTC), zone=current().zone)
    assert due_then == datetime(2026, 11, 16, moment, 0, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(("onboarding_password_waits_hours", "goes"), [(24, False), (2, True)])
def test_how_long_the_third_mail_waits_for_the_others(
    under: Under, now: datetime, onboarding_password_waits_hours: int, goes: bool
) -> None:
    under(onboarding_password_waits_hours=onboarding_password_waits_hours)
    new_agent()
    onboard(now=now)
    OutboxMail.objects.filter(place=1).update(state=MailState.DEFERRED, next_attempt_at=now + days(1))
    assert due(now + 3 * HOUR).filter(kind="password").exists() == goes


@pytest.mark.django_db
@pytest.mark.parametrize(("secret_mail_days", "given_up"), [(7, 0), (3, 3)])
def test_how_long_an_undelivered_mail_is_kept(
    under: Under, now: datetime, secret_mail_days: int, given_up: int
) -> None:
    under(secret_mail_days=secret_mail_days)
    new_agent()
    onboard(now=now)
    assert deliver_due(now=now + days(4)).gave_up == given_up
    assert OutboxMail.objects.filter(secret=True, sealed_body=None, state=MailState.GAVE_UP).exists() == bool(given_up)


@pytest.mark.django_db
@pytest.mark.parametrize(("key_backup_days", "removed"), [(35, 0), (10, 1)])
def test_how_long_backups_of_keys_are_kept(under: Under, now: datetime, key_backup_days: int, removed: int) -> None:
    under(key_backup_days=key_backup_days)
    backup = next(entry for entry in TIMETABLE_ENTRIES if entry.name == "backup of keys")
    with time_machine.travel(now, tick=False) as clock:
        backup.run(now)
        clock.shift(days(20))
        assert backup.run(now + days(20)) == f"written, {removed} old ones removed"


@pytest.mark.django_db
@pytest.mark.parametrize(("email_change_wait_hours", "changed"), [(72, 0), (24, 1)])
def test_how_long_a_new_address_waits(under: Under, now: datetime, email_change_wait_hours: int, changed: int) -> None:
    under(email_change_wait_hours=email_change_wait_hours)
    ask(agent=new_agent(), new_email="alice@example.net", source="service_center", by=DESK, now=now)
    EmailChange.objects.update(proved_at=now)
    assert complete_due(now=now + 48 * HOUR) == changed


@pytest.mark.parametrize(("due_hours", "state"), [(24, "running"), (12, "due")])
def test_when_a_request_is_due(under: Under, now: datetime, due_hours: int, state: str) -> None:
    policy = under(due_hours=due_hours)
    assert due_at(now, policy) == now + due_hours * HOUR
    assert clock_state(now, None, now + 20 * HOUR, policy) == state


@pytest.mark.parametrize(("overdue_hours", "state"), [(48, "due"), (30, "overdue")])
def test_when_a_request_is_overdue(under: Under, now: datetime, overdue_hours: int, state: str) -> None:
    policy = under(overdue_hours=overdue_hours)
    assert overdue_at(now, policy) == now + overdue_hours * HOUR
    assert clock_state(now, None, now + 40 * HOUR, policy) == state


@pytest.mark.parametrize(("publication_late_hour", "missing"), [(12, None), (8, MONDAY)])
def test_from_which_hour_of_monday_its_file_is_late(
    under: Under, now: datetime, publication_late_hour: int, missing: date | None
) -> None:
    under(publication_late_hour=publication_late_hour)
    assert missing_monday(MONDAY - timedelta(days=7), now) == missing


@pytest.mark.django_db
@pytest.mark.parametrize(("canary_minutes", "stopped"), [(30, False), (10, True)])
def test_how_long_the_monday_run_waits_for_its_canary(
    under: Under, now: datetime, tmp_path: Path, settings: Settings, canary_minutes: int, stopped: bool
) -> None:
    under(canary_minutes=canary_minutes)
    env = {"canary_to": "canary@exchange.test", "canary_mailbox": tmp_path, "canary_expect": "X-Secured: yes"}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    canary.ask(for_run=True, by=DESK, now=now)
    canary.look(now=now + timedelta(minutes=20))
    assert canary.has_stopped_a_run() == stopped
