"""Signed by the exchange, encrypted for its reader: openssl reads what we write, and nobody else does."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.db import transaction
from pytest_django import Settings

from extranet.mail.delivery import deliver_due
from extranet.mail.message import NotReadable, part
from extranet.mail.models import MailCertificate, OutboxMail
from extranet.mail.outbox import body_of, message_of
from extranet.mail.secured.certificates import CertificateRefused, keep, read
from extranet.mail.secured.signer import SignerRefused
from extranet.mail.ways import open_way
from extranet.profile.loader import current
from extranet.profile.words import render
from tests.mail.certificates import NOW, YEAR, Holder, Key, holder, openssl, rsa_key
from tests.mail.conftest import SECRET, Post, Receiver, introduction, password, username

pytestmark = pytest.mark.django_db
ALICE, CHARLIE = "alice@agents.test", "charlie@stranger.test"


@pytest.fixture
def exchange(tmp_path: Path, settings: Settings) -> Holder:
    """The site signs and encrypts."""
    ours = holder("exchange", current().service_center.email)
    certificate, key = ours.files(tmp_path, "exchange")
    env = {"secured_mail": "smime", "smime_certificate_file": certificate, "smime_key_file": key}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    return ours


@pytest.fixture
def alice(exchange: Holder, now: datetime) -> Holder:
    """Has a certificate, and the site knows it."""
    mine = holder("alice", ALICE)
    known(mine, now)
    return mine


def known(mine: Holder, now: datetime, address: str = ALICE) -> None:
    with transaction.atomic():
        keep(mine.certificate, address=address, by="AB_1H12345", now=now)


def opened(message: bytes, reader: Holder, folder: Path) -> bytes | None:
    """What openssl makes of it with that reader's key; nothing where it is not for the reader."""
    certificate, key = reader.files(folder, "reader")
    ended = openssl("cms", "-decrypt", "-recip", certificate, "-inkey", key, said=message)
    return ended.stdout if ended.returncode == 0 else None


def verified(signed: bytes, signer: Holder, folder: Path) -> bytes | None:
    authority, _ = signer.files(folder, "authority")
    ended = openssl("cms", "-verify", "-CAfile", authority, "-no_check_time", "-purpose", "any", said=signed)
    return ended.stdout if ended.returncode == 0 else None


def test_alice_opens_it_and_finds_the_signed_words_to_the_byte(
    post_mail: Post, alice: Holder, exchange: Holder, tmp_path: Path
) -> None:
    row = post_mail(password(), key="a")
    assert row.secured_by == "smime"
    signed = opened(message_of(row), alice, tmp_path)
    assert signed is not None
    mail = password()
    assert verified(signed, exchange, tmp_path) == part(row, render(mail.kind, mail.context(), language=""))
    inner = message_from_bytes(signed, policy=policy.default).get_body(("plain",))
    assert inner is not None
    assert SECRET in inner.get_content()


def test_charlies_key_opens_nothing(post_mail: Post, alice: Holder, tmp_path: Path) -> None:
    message = message_of(post_mail(password(), key="a"))
    assert opened(message, holder("charlie", CHARLIE), tmp_path) is None
    assert opened(message, holder("charlie", ALICE), tmp_path) is None, "not by a certificate that names Alice either"


def test_from_outside_nothing_can_be_read_but_the_envelope_and_the_subject(post_mail: Post, alice: Holder) -> None:
    row = post_mail(password(), key="a")
    message = message_from_bytes(message_of(row), policy=policy.default)
    assert SECRET.encode() not in message_of(row)
    assert message.get_content_type() == "application/pkcs7-mime"
    assert message.get_param("smime-type") == "enveloped-data"
    assert message["Subject"] == row.subject
    assert row.subject.startswith(current().secured_mark)
    assert "Nu" not in str(message["To"])
    with pytest.raises(NotReadable):
        body_of(row)


def test_it_is_aes_256(post_mail: Post, alice: Holder) -> None:
    ended = openssl("cms", "-cmsout", "-print", "-noout", said=message_of(post_mail(password(), key="a")))
    assert b"aes-256-cbc" in ended.stdout
    assert ended.stdout.count(b"keyEncryptionAlgorithm") == 1, "for one reader, not for us"


def test_a_changed_signature_or_text_does_not_verify(
    post_mail: Post, alice: Holder, exchange: Holder, tmp_path: Path
) -> None:
    signed = opened(message_of(post_mail(password(), key="a")), alice, tmp_path)
    assert signed is not None
    assert verified(signed.replace(SECRET.encode(), b"aaaa-29rw-hxpe-7ncd"), exchange, tmp_path) is None
    assert verified(signed, holder("charlie", current().service_center.email), tmp_path) is None


def test_mails_that_are_not_secured_stay_as_they_are(post_mail: Post, alice: Holder) -> None:
    row = post_mail(introduction(), key="a")
    assert row.secured_by == ""
    assert body_of(row).text


def test_it_needs_no_server_that_can_be_trusted(
    post_mail: Post, alice: Holder, plain_server: str, receiver: Receiver, tmp_path: Path, now: datetime
) -> None:
    post_mail(password(), key="a")
    assert deliver_due(now=now, way=open_way(plain_server)).accepted == 1
    assert SECRET.encode() not in receiver.taken[0]
    assert opened(receiver.taken[0], alice, tmp_path) is not None


def test_a_mailbox_without_certificate_is_served_by_pick_up(post_mail: Post, exchange: Holder) -> None:
    row = post_mail(password(), key="a")
    assert row.secured_by == "pickup"
    assert SECRET not in body_of(row).text


def test_so_is_one_whose_certificate_ended_or_whose_address_is_another(
    post_mail: Post, alice: Holder, now: datetime
) -> None:
    assert post_mail(username(), key="a", to="alice@elsewhere.test").secured_by == "pickup"
    assert post_mail(username(), key="b", to="Alice@Agents.test").secured_by == "smime"
    MailCertificate.objects.update(address="alice@elsewhere.test")  # a row moved by hand names another mailbox
    assert post_mail(username(), key="c", to="alice@elsewhere.test").secured_by == "pickup"
    known(alice, now)
    assert post_mail(username(), key="d", now=NOW + YEAR).secured_by == "pickup"


def test_so_is_everybody_once_our_own_certificate_has_ended(
    post_mail: Post, alice: Holder, tmp_path: Path, settings: Settings
) -> None:
    certificate, key = holder("exchange", "a@b.test", ends=NOW - timedelta(days=1)).files(tmp_path, "late")
    env = {"smime_certificate_file": certificate, "smime_key_file": key}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    assert post_mail(username(), key="a").secured_by == "pickup"


def test_where_we_cannot_sign_nothing_is_posted(post_mail: Post, alice: Holder, settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"smime_key_file": Path("/nowhere/key.pem")})
    with pytest.raises(SignerRefused, match="EXTRANET_SMIME_KEY_FILE"):
        post_mail(password(), key="a")
    assert not OutboxMail.objects.exists()


def test_a_certificate_is_taken_as_pem_with_its_chain_and_as_der(now: datetime) -> None:
    mine = holder("alice", ALICE)
    der = mine.certificate.public_bytes(Encoding.DER)
    for uploaded in (mine.pem, der, mine.pem + holder("office", None).pem, b"Bag Attributes\n" + mine.pem):
        assert read(uploaded, address=ALICE, now=now) == mine.certificate
    assert read(holder("alice", "Alice@Agents.Test").pem, address=ALICE, now=now)
    assert read(holder("alice", ALICE, in_subject=True).pem, address=ALICE, now=now)


def weak_exponent() -> Key:
    return rsa.generate_private_key(3, 2048)


@pytest.mark.parametrize(
    ("uploaded", "why"),
    [
        (lambda: holder("alice", CHARLIE).pem, "does not name"),
        (lambda: holder("alice", None).pem, "does not name"),
        (lambda: holder("alice", ALICE, ends=NOW).pem, "has ended"),
        (lambda: holder("alice", ALICE, begins=NOW + timedelta(days=1)).pem, "not valid yet"),
        (lambda: holder("alice", ALICE, key=rsa_key("weak", 1024)).pem, "not safe"),
        (lambda: holder("alice", ALICE, key=weak_exponent()).pem, "not safe"),
        (lambda: holder("alice", ALICE, key=ec.generate_private_key(ec.SECP256R1())).pem, "elliptic curves"),
        (lambda: holder("alice", ALICE, signs_only=True).pem, "not made for encrypting"),
        (lambda: holder("alice", ALICE, purpose=ExtendedKeyUsageOID.SERVER_AUTH).pem, "not made for encrypting"),
        (lambda: holder("alice", ALICE).key_pem, "private key"),
        (lambda: holder("alice", ALICE).pem + holder("alice", ALICE).key_pem, "private key"),
        (lambda: holder("alice", ALICE).pem[:-60], "no certificate"),
        (lambda: b"", "no certificate"),
        (lambda: b"\x30\x82" + b"\xff" * 500, "no certificate"),
        (lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
        (lambda: b"x" * 20_001, "too large"),
    ],
)
def test_what_will_not_do_is_refused_with_the_reason(uploaded: object, why: str, now: datetime) -> None:
    assert callable(uploaded)
    with pytest.raises(CertificateRefused, match=why):
        read(uploaded(), address=ALICE, now=now)
