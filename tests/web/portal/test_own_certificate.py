"""An agent's certificate: uploaded with the password, told to the mailbox, and never that of another mailbox."""

from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from extranet.credentials.models import Account
from extranet.mail.models import MailCertificate, OutboxMail
from extranet.mail.outbox import body_of
from tests.credentials.people import CHOSEN, events
from tests.mail.certificates import Holder, holder
from tests.web.people import Answer, text_of

pytestmark = pytest.mark.django_db
PAGE = "/account/certificate/"


def send(client: Client, uploaded: bytes, password: str = CHOSEN) -> Answer:
    return client.post(PAGE, {"certificate": SimpleUploadedFile("my.pem", uploaded), "password": password})


@pytest.fixture
def hers(alice: Account, now: datetime) -> Holder:
    return holder("alice", alice.address)


def test_alice_uploads_sees_and_removes_her_certificate(alices: Client, alice: Account, hers: Holder) -> None:
    assert send(alices, hers.pem).status_code == 302
    row = MailCertificate.objects.get()
    assert (row.address, row.added_by) == (alice.address.lower(), alice.username)
    page = text_of(alices.get(PAGE))
    assert row.fingerprint.upper()[:2] + ":" in page
    told = OutboxMail.objects.get(kind="certificate_changed")
    assert told.to_address == alice.address
    assert row.fingerprint.upper()[:2] + ":" in body_of(told).text
    assert alices.post(f"{PAGE}remove/", {"password": "wrong"}).status_code == 200
    assert MailCertificate.objects.exists()
    assert alices.post(f"{PAGE}remove/", {"password": CHOSEN}).status_code == 302
    assert not MailCertificate.objects.exists()
    assert OutboxMail.objects.filter(kind="certificate_changed").count() == 2
    for name in ("added", "removed"):
        (event,) = events(f"mail:certificate:{name}", alice.username)
        assert event.detail["fingerprint"] == row.fingerprint


def test_a_stolen_session_uploads_nothing(alices: Client, alice: Account, hers: Holder) -> None:
    assert "This is not your present password." in text_of(send(alices, hers.pem, "violet kettle ambulances"))
    assert not MailCertificate.objects.exists()
    assert [event.detail for event in events("mail:certificate:refused", alice.username)] == [{"reason": "old_wrong"}]


def test_the_password_cannot_be_guessed_there(alices: Client, hers: Holder) -> None:
    for _ in range(5):
        send(alices, hers.pem, "wrong")
    answer = send(alices, hers.pem)
    assert (answer.status_code, answer["Retry-After"]) == (429, "1800")
    assert not MailCertificate.objects.exists()


def test_a_certificate_of_charlies_mailbox_is_refused(alices: Client, alice: Account) -> None:
    answer = send(alices, holder("charlie", "charlie@stranger.test").pem)
    assert "does not name your e-mail address" in text_of(answer)
    assert not MailCertificate.objects.exists()


def test_a_private_key_is_refused_unread(alices: Client, hers: Holder) -> None:
    answer = send(alices, hers.pem + hers.key_pem)
    assert "Give it to nobody" in text_of(answer)
    assert b"PRIVATE" not in answer.content


@pytest.mark.parametrize("uploaded", [b"", b"\x00" * 30_000, b"GIF89a", "äöü".encode("utf-16")])
def test_what_is_no_certificate_is_said_beside_its_field(alices: Client, uploaded: bytes) -> None:
    assert 'id="id_certificate-error" role="alert"' in text_of(send(alices, uploaded))
    assert not MailCertificate.objects.exists()


def test_a_form_without_a_file_is_told_so(alices: Client) -> None:
    assert 'id="id_certificate-error"' in text_of(alices.post(PAGE, {"password": CHOSEN}))


def test_an_ended_certificate_is_said_to_have_ended(
    alices: Client, alice: Account, hers: Holder, now: datetime
) -> None:
    send(alices, hers.pem)
    MailCertificate.objects.update(not_after=now - timedelta(days=1))
    assert "Your certificate has ended" in text_of(alices.get(PAGE))


def test_bobs_mailbox_keeps_its_own(alices: Client, bob: Account, hers: Holder) -> None:
    send(alices, hers.pem)
    assert not MailCertificate.objects.filter(address=bob.address.lower()).exists()
