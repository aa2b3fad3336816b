"""A posted mail, a mailbox to look into, and real SMTP servers with a certificate of our own making."""

import asyncio
import datetime as dt
import email
import email.policy
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import transaction

from extranet.mail.catalogue import CatalogueMail, IntroductionMail, PasswordMail, UsernameMail
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import post
from tests.jobs.conftest import quiet

SECRET = "mfkt-29rw-hxpe-7ncd"
ALICE: dict[str, Any] = {"first_name": "Alice", "last_name": "Nuñez"}

__all__ = ["quiet"]
Post = Callable[..., OutboxMail]


def introduction() -> IntroductionMail:
    return IntroductionMail(**ALICE, kept_account=False)


def username() -> UsernameMail:
    return UsernameMail(**ALICE, username="AB_1H12345")


def password() -> PasswordMail:
    return PasswordMail(**ALICE, password=SECRET, valid_until=date(2026, 11, 30))


@pytest.fixture
def post_mail(now: datetime) -> Post:
    """Post in a transaction of its own."""

    def posting(
        mail: CatalogueMail | None = None, *, key: str = "introduction:AB_1H12345:1", **more: Any
    ) -> OutboxMail:
        arguments = {"to": "alice@agents.test", "about": "AB_1H12345", "language": "en", "now": now, **more}
        with transaction.atomic():
            return post(mail or introduction(), key=key, **arguments)

    return posting


@pytest.fixture
def onboard(post_mail: Post) -> Callable[..., list[OutboxMail]]:
    """The three mails of one thread (J9)."""

    def three(who: str = "AB_1H12345", *, number: int = 1) -> list[OutboxMail]:
        thread = UUID(int=number)
        mails = (introduction(), username(), password())
        return [
            post_mail(mail, key=f"{mail.kind}:{who}:1", thread=thread, place=place) for place, mail in enumerate(mails)
        ]

    return three


@pytest.fixture
def mailbox(data_folder: Path) -> Callable[[], list[EmailMessage]]:
    """What lies in the folder, as a mail program reads it."""

    def look() -> list[EmailMessage]:
        files = sorted((data_folder / "mailbox").glob("*.eml"))
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    return look


class Receiver:
    """A server's other end: keeps what it took, refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.options: list[list[str]] = []
        self.asked: dict[str, object] = {}
        self.connections = 0
        self.reset()

    def reset(self) -> None:
        self.taken.clear()
        self.options.clear()
        self.asked.clear()
        self.connections = self.goodbyes = 0
        self.offers_require_tls = self.offers_reports = False
        self.at_mail = self.at_rcpt = self.at_data = "250 OK"

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        offers = ["250-DSN"] if self.offers_reports else []
        if self.offers_require_tls and session.ssl is not None:  # RFC 8689: inside TLS only
            offers.append("250-REQUIRETLS")
        return [*responses[:-1], *offers, responses[-1]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.goodbyes:
            self.goodbyes -= 1
            return "421 4.3.2 that was all for this connection"
        if not self.at_mail.startswith("250"):
            return self.at_mail
        envelope.mail_from = address
        self.options.append(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.at_rcpt.startswith("250"):
            return self.at_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope
    ) -> str:
        if self.at_data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(envelope.content)
        return self.at_data


class _Server(SMTP):
    """Knows the options that it offered; the library itself does not know them at all."""

    def _getparams(self, params: Sequence[str]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = super()._getparams(params)
        known = {"RET", "ENVID", "NOTIFY", "ORCPT"} if self.event_handler.offers_reports else set()
        if self.session and self.session.ssl and self.event_handler.offers_require_tls:
            known.add("REQUIRETLS")
        for name in known & set(found or {}):
            self.event_handler.asked[name] = (found or {}).pop(name)
        return found


class _AnyPort(Controller):
    """Takes a free port, which the library would otherwise ask itself for under number 0."""

    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def _serve(receiver: Receiver, scheme: str = "smtp", server_class: type[SMTP] = SMTP, **options: Any) -> Iterator[str]:
    controller = _AnyPort(receiver, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield f"{scheme}://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1, signed by itself: its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    moment = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - dt.timedelta(days=3650))
        .not_valid_after(moment + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(scope="session")
def trusting(certificate: Path) -> ssl.SSLContext:
    """A client that knows our authority and verifies as strictly as any."""
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture(scope="session")
def _receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def receiver(_receiver: Receiver) -> Receiver:
    _receiver.reset()
    return _receiver


@pytest.fixture(scope="session")
def plain_server(_receiver: Receiver) -> Iterator[str]:
    """A server without any TLS."""
    yield from _serve(_receiver)


@pytest.fixture(scope="session")
def tls_server(_receiver: Receiver, certificate: Path) -> Iterator[str]:
    """A server that offers STARTTLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def check(server: SMTP, session: Any, envelope: Any, mechanism: str, login: LoginPassword) -> AuthResult:
        return AuthResult(success=login.password == b"s3cret/word", handled=False)

    yield from _serve(_receiver, tls_context=context, authenticator=check)


@pytest.fixture(scope="session")
def smtps_server(_receiver: Receiver, certificate: Path) -> Iterator[str]:
    """A server that is encrypted from the first byte."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from _serve(_receiver, scheme="smtps", ssl_context=context)
