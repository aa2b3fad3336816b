"""Nobody is mailed a password before a mail to ourselves was seen to leave secured."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet import timetable
from extranet.credentials import monday_run
from extranet.credentials.models import Account
from extranet.credentials.monday_run import RunStopped, RunWaits
from extranet.mail.models import Canary, OutboxMail
from extranet.mail.secured import canary
from extranet.mail.secured.mailbox import MailboxAway
from tests.credentials.people import DESK, events, minutes, new_agent
from tests.mail.test_canary import EXPECT, message, secured

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alice(db: None) -> None:
    """Certified last week; this Monday is hers."""
    new_agent()


@pytest.fixture
def back(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "back"
    folder.mkdir()
    env = {"canary_to": "canary@exchange.test", "canary_mailbox": folder, "canary_expect": EXPECT}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    return folder


def nothing_done() -> bool:
    kinds = set(OutboxMail.objects.values_list("kind", flat=True))
    return not Account.objects.exists() and kinds <= {"canary"} and not events("onboarding:run:done")


def test_without_a_canary_the_run_goes_at_once(now: datetime) -> None:
    assert monday_run.run(now=now).created == 1
    assert not Canary.objects.exists()


def test_it_waits_for_its_canary_and_goes_on_by_itself_once(back: Path, now: datetime) -> None:
    with pytest.raises(RunWaits):
        monday_run.run(now=now)
    assert monday_run.go_on(now=now) is None
    assert nothing_done()
    (back / "1.eml").write_bytes(secured(Canary.objects.get()))
    done = monday_run.go_on(now=now + minutes(5))
    assert done is not None
    assert done.created == 1
    assert monday_run.go_on(now=now + minutes(6)) is None
    assert len(events("onboarding:run:done")) == 1


def test_the_same_command_again_goes_on_too_and_sends_no_second_canary(back: Path, now: datetime) -> None:
    for _ in range(3):
        with pytest.raises(RunWaits):
            monday_run.run(now=now)
    one = Canary.objects.get()
    (back / "1.eml").write_bytes(secured(one))
    assert monday_run.run(now=now + minutes(5)).created == 1


def test_one_in_clear_stops_the_run_and_a_later_good_one_lets_it_go_on(back: Path, now: datetime) -> None:
    with pytest.raises(RunWaits):
        monday_run.run(now=now)
    first = Canary.objects.get()
    (back / "1.eml").write_bytes(message(first))
    with pytest.raises(RunStopped, match="in clear"):
        monday_run.run(now=now + minutes(1))
    assert nothing_done()
    assert canary.has_stopped_a_run()
    assert len(events("onboarding:run:stopped")) == 1
    with pytest.raises(RunWaits, match="in clear"):
        monday_run.run(now=now + minutes(2))
    second = Canary.objects.latest("asked_at")
    (back / "2.eml").write_bytes(secured(second))
    assert monday_run.run(now=now + minutes(3)).created == 1
    assert not canary.has_stopped_a_run()


def test_one_that_does_not_come_back_stops_the_run(back: Path, now: datetime) -> None:
    with pytest.raises(RunWaits):
        monday_run.run(now=now)
    assert monday_run.go_on(now=now + minutes(30)) is None
    assert nothing_done()
    assert canary.has_stopped_a_run()
    (back / "1.eml").write_bytes(secured(Canary.objects.get()))
    assert monday_run.go_on(now=now + minutes(31)) is None, "too late is too late"


def test_the_desk_s_canary_lets_a_stopped_run_go_on(back: Path, now: datetime) -> None:
    with pytest.raises(RunWaits):
        monday_run.run(now=now)
    canary.look(now=now + minutes(30))
    one = canary.ask(for_run=canary.has_stopped_a_run(), by=DESK, now=now + minutes(40))
    (back / "1.eml").write_bytes(secured(one))
    done = monday_run.go_on(now=now + minutes(41))
    assert done is not None
    assert done.created == 1


def test_a_canary_that_was_good_long_ago_lets_nothing_run(back: Path, now: datetime) -> None:
    with pytest.raises(RunWaits):
        monday_run.run(now=now)
    (back / "1.eml").write_bytes(secured(Canary.objects.get()))
    canary.look(now=now)
    assert monday_run.go_on(now=now + timedelta(hours=12)) is None
    with pytest.raises(RunWaits, match="too long ago"):
        monday_run.run(now=now + timedelta(hours=12))


def test_last_monday_s_canary_is_not_this_monday_s(back: Path, now: datetime) -> None:
    with pytest.raises(RunWaits):
        monday_run.run(now=now)
    (back / "1.eml").write_bytes(secured(Canary.objects.get()))
    monday_run.run(now=now)
    with pytest.raises(RunWaits):
        monday_run.run(now=now + timedelta(hours=1))
    assert Canary.objects.count() == 2


def test_a_mailbox_that_is_away_lets_nothing_run(back: Path, now: datetime) -> None:
    with pytest.raises(RunWaits):
        monday_run.run(now=now)
    back.rmdir()
    with pytest.raises(MailboxAway):
        monday_run.run(now=now)
    assert nothing_done()


def test_on_monday_the_timetable_asks_waits_and_goes_on(back: Path, now: datetime) -> None:
    (ran,) = (run for run in timetable.due(now=now) if run.name == timetable.ONBOARDING)
    assert ran.outcome == "waits for its canary"
    (back / "1.eml").write_bytes(secured(Canary.objects.get()))
    (ran,) = (run for run in timetable.due(now=now + minutes(2)) if run.name == "canary")
    assert ran.outcome.startswith("1 created")
    assert Account.objects.count() == 1
