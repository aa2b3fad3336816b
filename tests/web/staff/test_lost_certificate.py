"""The record says whether a certificate is kept; the desk removes it there after its check, and nobody else does."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client

from extranet.credentials.models import Account, StaffRole
from extranet.credentials.username import shown
from extranet.mail.models import MailCertificate
from extranet.mail.secured.certificates import keep
from extranet.web.dates import day, moment
from tests.credentials.people import events, mails
from tests.mail.certificates import holder
from tests.reports.exchange import ALICE
from tests.service_center.known import KNOWN, give_own_facts
from tests.web.people import Answer, browser, text_of

RECORD = f"/staff/agents/{ALICE}/"
ANSWERS = {"email": f"{ALICE}@agents.test", "certified_on": "2026-11-12", "last_name": "example", **KNOWN}
WHY = "laptop with the key broke"
UPLOADED = timedelta(days=40)


@pytest.fixture(autouse=True)
def kept(alice: Account, charlie: Account, now: datetime) -> None:
    """Alice and Charlie each uploaded one."""
    give_own_facts(alice, now=now)
    for account in (alice, charlie):
        mine = holder(account.username, account.address).certificate
        with transaction.atomic():
            keep(mine, address=account.address, by=account.username, now=now - UPLOADED)


def remove(client: Client, **typed: str) -> Answer:
    return client.post(f"{RECORD}do/remove-certificate/", {"reason": WHY, **typed})


def check(client: Client) -> None:
    assert client.post(f"{RECORD}identity/", ANSWERS).headers["Location"] == RECORD


def of_whom() -> set[str]:
    return set(MailCertificate.objects.values_list("address", flat=True))


def test_the_desk_removes_it_after_the_check_and_the_record_says_so(
    desk: Client, alice: Account, charlie: Account
) -> None:
    check(desk)
    page = text_of(desk.get(RECORD))
    assert "Remove the certificate" in page
    assert "What was sent or queued before stays encrypted" in page
    assert remove(desk).headers["Location"] == RECORD
    page = text_of(desk.get(RECORD))
    assert "The certificate is removed, and the agent is told by mail." in page
    assert "start a reset or issue a password again" in page
    assert "Remove the certificate" not in page
    assert of_whom() == {charlie.address.lower()}
    assert [mail.kind for mail in mails(alice.username)] == ["certificate_changed"]
    (event,) = events("mail:certificate:removed", alice.username)
    assert (event.actor, event.detail["reason"]) == ("staff\\dora", WHY)


def test_the_record_says_its_end_and_whose_word_and_no_more(desk: Client, alice: Account, now: datetime) -> None:
    """Not when it was uploaded: somebody was logged in that day, which callers are asked for."""
    row = MailCertificate.objects.get(address=alice.address.lower())
    page = text_of(desk.get(RECORD))
    assert f"kept, good until {moment(row.not_after)}; {shown(alice.username)} vouched for it; not in use here" in page
    assert day((now - UPLOADED).date()) not in page
    assert row.fingerprint[:8] not in page.lower().replace(":", "")
    MailCertificate.objects.filter(pk=row.pk).update(not_after=now - timedelta(days=1))
    assert "kept, ended on" in text_of(desk.get(RECORD))


def test_without_the_check_it_leads_there_and_nothing_changes(desk: Client, alice: Account, charlie: Account) -> None:
    assert "Remove the certificate" not in text_of(desk.get(RECORD))
    assert remove(desk).headers["Location"] == f"{RECORD}identity/"
    assert of_whom() == {alice.address.lower(), charlie.address.lower()}
    assert not mails()


def test_a_check_without_what_only_the_agent_knows_leads_there_again(desk: Client) -> None:
    desk.post(f"{RECORD}identity/", {**ANSWERS, **dict.fromkeys(KNOWN, "")})
    assert remove(desk).headers["Location"] == f"{RECORD}identity/"
    assert "only the agent knows" in text_of(desk.get(f"{RECORD}identity/"))
    assert len(of_whom()) == 2


def test_a_reason_is_needed_beside_its_field(desk: Client) -> None:
    check(desk)
    answer = remove(desk, reason="")
    assert answer.status_code == 422
    assert 'id="remove_certificate_reason-error"' in text_of(answer)
    assert "Write down what was lost" in text_of(answer)
    assert len(of_whom()) == 2


def test_a_second_click_says_that_there_is_none(desk: Client, alice: Account) -> None:
    check(desk)
    remove(desk)
    remove(desk)
    assert "No certificate is kept for the mailbox of this agent" in text_of(desk.get(RECORD))
    assert len(mails(alice.username)) == 1


@pytest.mark.parametrize("role", [role for role in StaffRole if role != StaffRole.SERVICE_DESK])
def test_no_other_role_of_staff_removes_it(role: str, staff_clients: dict[str, Client]) -> None:
    assert remove(staff_clients[role]).status_code == 403
    assert len(of_whom()) == 2


def test_no_agent_and_no_stranger_removes_it(alices: Client) -> None:
    assert remove(alices).status_code == 403
    assert remove(browser()).status_code in (302, 403)
    assert len(of_whom()) == 2
    assert not mails()
