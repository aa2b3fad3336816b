"""What ``extranet doctor`` says while secured mails are held, and ``extranet mail canary``, which lets them leave."""

from datetime import datetime
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from extranet.cli.doctor import Finding, examine
from extranet.credentials.issue_again import issue_again
from extranet.mail.models import Canary, MailState, OutboxMail
from extranet.mail.outbox import message_of
from extranet.mail.secured import canary
from tests.cli.conftest import Call
from tests.credentials.people import DESK, new_account

pytestmark = pytest.mark.django_db
SIGN = "X-Secured: yes"


@pytest.fixture
def back(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "back"
    folder.mkdir()
    env = {"canary_to": "canary@exchange.test", "canary_mailbox": folder, "canary_expect": SIGN}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    return folder


@pytest.fixture
def held(back: Path, call: Call, now: datetime) -> OutboxMail:
    """A password of Alice, after a canary that came back as it had left."""
    call("mail", "canary")
    (back / "1.eml").write_bytes(message_of(OutboxMail.objects.get(kind="canary")))
    call("due")
    issue_again(account=new_account(now=now), by=DESK, now=timezone.now())
    call("mail", "send")
    return OutboxMail.objects.get(kind="password")


def found(now: datetime) -> list[Finding]:
    return [one for one in examine(now) if one.about == "mail" and ("canary" in one.text or "gateway" in one.text)]


def test_the_doctor_says_that_they_are_held_and_what_to_do(held: OutboxMail, now: datetime) -> None:
    (finding,) = found(now)
    assert (finding.level, finding.code) == ("wrong", 7)
    assert "secured mails are held, 1 of them now" in finding.text
    assert "extranet mail canary" in finding.remedy


def test_a_canary_by_hand_that_comes_back_secured_lets_them_leave(
    held: OutboxMail, back: Path, call: Call, now: datetime
) -> None:
    assert call("mail", "canary", "--json").facts["for_run"] is False
    newest = OutboxMail.objects.filter(kind="canary").latest("posted_at")
    (back / "2.eml").write_bytes(f"{SIGN}\r\nMessage-ID: {newest.message_id}\r\n\r\nsealed".encode())
    assert call("mail", "send", "--json").facts["accepted"] == 1, "the canary alone"
    canary.look(now=timezone.now())  # as the timetable does every minute
    call("mail", "send")
    held.refresh_from_db()
    assert held.state == MailState.ACCEPTED
    assert found(now) == []


def test_after_the_gateway_was_left_the_doctor_warns_of_what_stays(
    held: OutboxMail, settings: Settings, now: datetime
) -> None:
    env = {"canary_to": "", "canary_mailbox": None, "canary_expect": "", "secured_mail": "pickup"}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    (finding,) = found(now)
    assert (finding.level, "issue anew" in finding.remedy) == ("warning", True)
    held.delete()
    assert found(now) == []


def test_a_canary_that_was_late_is_none_of_this(back: Path, now: datetime) -> None:
    Canary.objects.create(number="c", phrase="p", state="late", asked_at=now, late_at=now)
    assert found(now) == []
