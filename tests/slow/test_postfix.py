"""The three secured ways through Debian's Postfix: it takes what we composed, and what it must not see, waits."""

import ssl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import Settings

from extranet.mail.delivery import deliver_due
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import message_of
from extranet.mail.secured.certificates import keep
from extranet.mail.ways import open_way
from extranet.profile.loader import current
from tests.mail.certificates import holder, openssl
from tests.mail.conftest import SECRET, Post, certificate, introduction, password, post_mail, trusting
from tests.postfix import Postfix, postfix_server, why_not

__all__ = ["certificate", "post_mail", "trusting"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "it runs"),
]


@pytest.fixture
def server(certificate: Path) -> Iterator[Postfix]:
    with postfix_server(certificate) as running:
        yield running


def body_lines(message: bytes) -> bytes:
    """As a mailbox on this machine keeps it: lines end otherwise, and the server's own headers stand before."""
    return message.replace(b"\r\n", b"\n")


def test_plain_and_secured_mails_arrive_as_composed_under_verified_tls(
    server: Postfix, post_mail: Post, trusting: ssl.SSLContext, now: datetime
) -> None:
    posted = [post_mail(introduction(), key="a"), post_mail(password(), key="b")]
    composed = [body_lines(message_of(row)) for row in posted]
    assert deliver_due(now=now, way=open_way(server.with_tls, ssl_context=trusting)).accepted == 2
    arrived = server.arrived(2)
    for message in composed:
        assert sum(message in found for found in arrived) == 1
    secured = next(found for found in arrived if SECRET.encode() in found)
    assert f"\nSubject: {current().secured_mark} ".encode() in secured
    assert b"(using TLSv1.3 with cipher" in secured


def test_a_server_whose_authority_we_do_not_know_gets_nothing(server: Postfix, post_mail: Post, now: datetime) -> None:
    post_mail(introduction(), key="a")
    post_mail(password(), key="b")
    sent = deliver_due(now=now, way=open_way(server.with_tls))
    assert (sent.accepted, sent.down) == (0, "the certificate of the server is not accepted")
    assert not list(server.inbox.glob("new/*"))


def test_where_tls_is_not_offered_secured_mails_wait_and_others_leave(
    server: Postfix, post_mail: Post, trusting: ssl.SSLContext, now: datetime
) -> None:
    post_mail(introduction(), key="a")
    post_mail(password(), key="b")
    assert deliver_due(now=now, way=open_way(server.without_tls, ssl_context=trusting)).accepted == 1
    (arrived,) = server.arrived(1)
    assert SECRET.encode() not in arrived
    assert OutboxMail.objects.get(key="b").state == "deferred"


def test_an_encrypted_mail_passes_it_and_only_alice_opens_it(
    server: Postfix, post_mail: Post, settings: Settings, tmp_path: Path, now: datetime
) -> None:
    alice, charlie = holder("alice", "alice@agents.test"), holder("charlie", "charlie@stranger.test")
    ours, key = holder("exchange", current().service_center.email).files(tmp_path, "exchange")
    env = {"secured_mail": "smime", "smime_certificate_file": ours, "smime_key_file": key}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    with transaction.atomic():
        keep(alice.certificate, address="alice@agents.test", by="AB_1H12345", now=now)
    post_mail(password(), key="a")
    assert deliver_due(now=now, way=open_way(server.without_tls)).accepted == 1
    (arrived,) = server.arrived(1)
    assert SECRET.encode() not in arrived
    for reader, opens in ((alice, True), (charlie, False)):
        certificate, private = reader.files(tmp_path, "reader")
        ended = openssl("cms", "-decrypt", "-recip", certificate, "-inkey", private, said=arrived)
        assert (ended.returncode == 0) == opens
        assert (SECRET.encode() in ended.stdout) == opens


def test_a_notice_passes_it_and_the_mail_stays_here(
    server: Postfix, post_mail: Post, settings: Settings, now: datetime
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"secured_mail": "pickup"})
    post_mail(password(), key="a")
    assert deliver_due(now=now, way=open_way(server.without_tls)).accepted == 1
    (arrived,) = server.arrived(1)
    assert SECRET.encode() not in arrived
    assert b"/secured/" in arrived
