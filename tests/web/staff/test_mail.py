"""Staff see whether a mail left, never its words; a password that never arrived is issued anew (J12)."""

from datetime import datetime

import pytest
from django.test import Client

from extranet.audit.record import Actor
from extranet.credentials.issue_again import issue_again
from extranet.credentials.models import Account, StaffRole
from extranet.credentials.staff import add_staff
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center.identity import check_identity
from extranet.timetable import rename_agent
from tests.credentials.people import fresh, mails
from tests.reports.exchange import ALICE
from tests.web.people import signed_in, text_of

ANSWERS = {"email": f"{ALICE}@agents.test", "certified_on": "2026-11-12", "last_name": "Example"}
DORA = Actor("staff", "staff\\dora")


@pytest.fixture
def password_mail(alice: Account, now: datetime) -> OutboxMail:
    """The mail with Alice's password, still to be sent."""
    issue_again(account=alice, by=DORA, now=now)
    return OutboxMail.objects.get(kind="password")


@pytest.fixture
def lost(password_mail: OutboxMail, now: datetime) -> OutboxMail:
    """The same, given up."""
    OutboxMail.objects.filter(pk=password_mail.pk).update(
        state=MailState.GAVE_UP,
        sealed_body=None,
        wiped_at=now,
        last_error=f"550 no mailbox {password_mail.to_address}",
    )
    password_mail.refresh_from_db()
    return password_mail


def at(mail: OutboxMail) -> str:
    return f"/staff/mail/{mail.pk}/"


def listed(client: Client, **filters: str) -> str:
    return text_of(client.get("/staff/mail/", filters))


def test_no_page_shows_words_or_whole_addresses(password_mail: OutboxMail, desk: Client) -> None:
    words = body_of(password_mail)
    secret = words.text.split("password is:")[-1].strip().splitlines()[0].strip()
    for page in (listed(desk), text_of(desk.get(at(password_mail)))):
        assert password_mail.about in page
        assert password_mail.to_address not in page
        assert "1•••@agents.test" in page
        assert all(line not in page for line in words.text.splitlines() if len(line) > 30)
        assert secret not in page


def test_what_did_not_arrive_comes_first_and_the_rest_on_asking(lost: OutboxMail, desk: Client, now: datetime) -> None:
    OutboxMail.objects.filter(pk=lost.pk).update(state=MailState.ACCEPTED, accepted_at=now)
    assert at(lost) not in listed(desk)
    for state in ("all", "accepted"):
        assert at(lost) in listed(desk, state=state)
    OutboxMail.objects.filter(pk=lost.pk).update(state=MailState.GAVE_UP)
    assert at(lost) in listed(desk)
    assert at(lost) not in listed(desk, state="accepted")


@pytest.mark.parametrize(
    ("filters", "there"),
    [
        ({"kind": "password"}, True),
        ({"kind": "username"}, False),
        ({"about": f"cc_{ALICE}"}, True),
        ({"about": "CC_9Z99999"}, False),
        ({"kind": "nonsense", "state": "nonsense"}, True),
    ],
)
def test_the_filters(lost: OutboxMail, desk: Client, filters: dict[str, str], there: bool) -> None:
    assert (at(lost) in listed(desk, **filters)) is there


def test_fifty_a_page(password_mail: OutboxMail, desk: Client, now: datetime) -> None:
    row = OutboxMail.objects.get(pk=password_mail.pk)
    copies = [
        OutboxMail(
            key=f"k{n}", kind="username", about="x", sender="system", to_address="a@b.test", subject=f"Nr {n}",
            message_id=f"<{n}@x>", posted_at=now, next_attempt_at=now, give_up_at=row.give_up_at,
        )
        for n in range(50)
    ]  # fmt: skip
    OutboxMail.objects.bulk_create(copies)
    first, second = listed(desk), listed(desk, page="2")
    assert first.count('scope="row"') == 50
    assert second.count('scope="row"') == 1
    assert 'href="?page=2"' in first
    assert 'href="?page=1"' in second


def test_the_servers_answer_does_not_give_the_address_away(lost: OutboxMail, desk: Client) -> None:
    for page in (listed(desk), text_of(desk.get(at(lost)))):
        assert "550 no mailbox 1•••@agents.test" in page


def test_a_lost_password_is_issued_anew_after_the_check_and_once(
    lost: OutboxMail, alice: Account, desk: Client, now: datetime
) -> None:
    assert "Issue a new password" in text_of(desk.get(at(lost)))
    answer = desk.post(f"{at(lost)}issue/")
    assert answer.headers["Location"] == f"/staff/agents/{ALICE}/identity/"
    assert "Check the identity of the agent first" in text_of(desk.get(answer.headers["Location"]))
    serial = fresh(alice).password_serial
    assert alice.agent is not None
    assert check_identity(agent=alice.agent, answers=ANSWERS, by=DORA, now=now).passed
    for _ in range(2):
        assert desk.post(f"{at(lost)}issue/").headers["Location"] == at(lost)
    assert fresh(alice).password_serial == serial + 1
    assert [mail.state for mail in mails(alice.username)] == [MailState.GAVE_UP, MailState.QUEUED]
    assert "Issue a new password" not in text_of(desk.get(at(lost)))


def test_a_lost_password_is_issued_anew_under_another_license_too(
    lost: OutboxMail, alice: Account, bob: Account, desk: Client, now: datetime
) -> None:
    rename_agent(old=ALICE, new="1H19999", by=DORA, now=now)
    assert "Issue a new password" in text_of(desk.get(at(lost)))
    answer = desk.post(f"{at(lost)}issue/")
    assert answer.headers["Location"] == "/staff/agents/1H19999/identity/"


def test_what_is_on_its_way_is_not_issued_anew(password_mail: OutboxMail, alice: Account, desk: Client) -> None:
    serial = fresh(alice).password_serial
    assert "Issue a new password" not in text_of(desk.get(at(password_mail)))
    desk.post(f"{at(password_mail)}issue/")
    assert fresh(alice).password_serial == serial


def test_an_administrator_reads_but_does_not_issue(lost: OutboxMail, administrator: Client) -> None:
    page = text_of(administrator.get(at(lost)))
    assert "Issue a new password" not in page
    assert f"/staff/agents/{ALICE}/" not in page
    assert administrator.post(f"{at(lost)}issue/").status_code == 403


def test_mails_to_staff_are_there_too(alice: Account, desk: Client, now: datetime) -> None:
    made = add_staff(name="nina", role="auditor", display_name="Nina", email="nina@staff.test", by=DORA, now=now)
    row = OutboxMail.objects.get(kind="staff_enrolment")
    page = text_of(desk.get(at(row)))
    assert made.account.username in page
    assert made.link not in page
    assert desk.post(f"{at(row)}issue/").status_code == 404


def test_only_these_two_roles_read_it(lost: OutboxMail, staff_clients: dict[str, Client], bob: Account) -> None:
    bobs = signed_in(bob)
    for path in ("/staff/mail/", at(lost)):
        admitted = {role for role, client in staff_clients.items() if client.get(path).status_code == 200}
        assert admitted == {StaffRole.SERVICE_DESK, StaffRole.ADMINISTRATOR}
        assert bobs.get(path).status_code == 403
    assert bobs.post(f"{at(lost)}issue/").status_code == 403
