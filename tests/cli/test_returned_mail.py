"""``extranet mail returned``, its entry in the timetable, and what the doctor says of the place of the reports."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from extranet import timetable
from extranet.cli.doctor import examine
from extranet.credentials.issue_again import issue_again
from extranet.credentials.models import Account
from extranet.mail.delivery import deliver_due
from extranet.mail.models import DoubtfulAddress, MailState, OutboxMail
from extranet.mail.returned.doctor import at_fault
from extranet.service_center.models import SupportRequest
from tests.cli.conftest import Call
from tests.credentials.people import DESK, fresh, new_account
from tests.mail.reports import OUT_OF_OFFICE, delivery_report

pytestmark = pytest.mark.django_db


def put_in_force(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    monkeypatch.setattr(settings, "EXTRANET", settings.EXTRANET.model_copy(update=changes))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "returned"
    folder.mkdir()
    put_in_force(monkeypatch, returned_mail=folder)
    return folder


@pytest.fixture
def came_back(place: Path, now: datetime) -> Account:
    """The password of Alice was accepted, and its report lies there, beside an answer from a holiday."""
    alice = new_account(now=now)
    issue_again(account=alice, by=DESK, now=now)
    deliver_due(now=now)
    (place / "1.eml").write_bytes(delivery_report(OutboxMail.objects.get(kind="password")))
    (place / "2.eml").write_bytes(OUT_OF_OFFICE)
    return alice


def test_the_command_reads_once_and_says_what_it_found(call: Call, came_back: Account, place: Path) -> None:
    ended = call("mail", "returned", "--json")
    assert ended.code == 0
    assert (ended.facts["failed"], ended.facts["passed_over"], ended.facts["unknown"]) == (1, 1, 0)
    assert [file.name for file in place.iterdir()] == ["put-aside"]
    assert DoubtfulAddress.objects.get().address == came_back.address.lower()
    assert SupportRequest.objects.get().origin == "address_in_doubt"
    assert call("mail", "returned", "--json").facts["failed"] == 0


def test_the_timetable_reads_queues_and_revokes_in_one_round(came_back: Account, now: datetime) -> None:
    ran = {run.name: run.outcome for run in timetable.due(now=now)}
    assert ran["returned mail"] == "1 failed, 0 delayed, 0 complaints, 0 unknown"
    assert fresh(came_back).revoked_at == now
    assert OutboxMail.objects.get(kind="password").state == MailState.BOUNCED
    assert SupportRequest.objects.count() == 1


def test_without_a_place_the_command_says_what_to_set(call: Call) -> None:
    ended = call("mail", "returned")
    assert ended.code == 2
    assert "EXTRANET_RETURNED_MAIL" in ended.err


def test_a_place_that_cannot_be_read_is_a_dependency_that_is_down(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, returned_mail=tmp_path / "nowhere")
    ended = call("mail", "returned")
    assert ended.code == 5
    assert "make it, or name another" in ended.err


def test_the_doctor_looks_at_the_place(place: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    assert list(at_fault(now=now)) == []
    old = place / "1.eml"
    old.write_bytes(OUT_OF_OFFICE)
    long_ago = (now - timedelta(hours=2)).timestamp()
    os.utime(old, (long_ago, long_ago))
    ((text, _, is_wrong),) = at_fault(now=now)
    assert (text.startswith("1 messages lie in"), is_wrong) == (True, False)
    put_in_force(monkeypatch, returned_mail=place / "nowhere")
    found = [finding for finding in examine(now) if finding.about == "mail" and finding.level == "wrong"]
    assert ["make it, or name another" in finding.text for finding in found] == [True]


def test_the_doctor_warns_where_nobody_reads_what_comes_back(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    put_in_force(monkeypatch, email_url="smtp://mail.test", returned_mail=None)
    assert ["nobody reads what comes back" in text for text, _, _ in at_fault(now=now)] == [True]
    put_in_force(monkeypatch, email_url="folder:")
    assert list(at_fault(now=now)) == []
