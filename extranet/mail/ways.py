"""How a message leaves: into a folder (one ``.eml`` a message), or to an SMTP server over one reused connection.

Errors name codes and kinds, never what a server said: its words repeat addresses and contents.
"""

import contextlib
import os
import re
import secrets
import smtplib
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from extranet.mail.secured.gateway import mail_options, require_verified
from extranet.vault.durable import sync_folder

SECONDS = 30  # a server that is silent for so long is taken for gone
GOODBYE = 421
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
FINAL = re.compile(r"5\.(?:1\.(?:[0-6]|10)|2\.\d+|3\.4|4\.\d+|6\.\d+)")
"""RFC 3463: the receiver's address or mailbox, a message too large, no way to the domain, contents."""
BARE_FINAL = range(550, 554)  # of servers that give no such status


class WayRefused(Exception):
    """EXTRANET_EMAIL_URL cannot be used; the message says what is supported, without the credentials in it."""


class NotNow(Exception):
    """This message could not be handed over; try again later."""


class WayDown(NotNow):
    """Nothing can be handed over at present: server away, certificate not accepted, disk full."""


class Refused(Exception):
    """The receiver will never take this message: a mailbox that does not exist."""


@dataclass(frozen=True)
class Parcel:
    """One message and its envelope. ``name`` is the same at every attempt and fit for a file name."""

    name: str
    sender: str
    recipient: str
    content: bytes = field(repr=False)
    secured: bool = False


class Way(Protocol):
    def deliver(self, parcel: Parcel) -> None:
        """Return only when the other side has taken over; raises NotNow, WayDown, Refused."""
        ...

    def close(self) -> None: ...


def open_way(url: str, *, ssl_context: ssl.SSLContext | None = None) -> Way:
    """The way of that address: ``folder:``, ``folder:/path``, ``smtp://``, ``smtps://``; raises WayRefused.

    ``ssl_context`` is for certificates that the machine does not know; it must verify like the default one.
    """
    parts = urlsplit(url)
    if parts.scheme == "folder":
        return FolderWay(Path(parts.path) if parts.path else settings.EXTRANET.folder / "mailbox")
    if parts.scheme in ("smtp", "smtps") and parts.hostname:
        return SmtpWay(parts, ssl_context or ssl.create_default_context())
    raise WayRefused("EXTRANET_EMAIL_URL must be folder:, smtp://host:port or smtps://host:port")


class FolderWay:
    """A folder for its owner only. A message delivered again replaces itself. Secret mails stay readable here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, parcel: Parcel) -> None:
        final = self._folder / f"{parcel.name}.eml"
        part = self._folder / f".{parcel.name}.{secrets.token_hex(4)}.part"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(parcel.content)
                file.flush()
                os.fsync(file.fileno())
            part.rename(final)
            sync_folder(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise WayDown(f"folder: {type(error).__name__}") from None

    def close(self) -> None:
        pass


class SmtpWay:
    """One connection, opened at the first message. TLS wherever the server offers it, and then always verified."""

    def __init__(self, parts: SplitResult, context: ssl.SSLContext) -> None:
        if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
            raise WayRefused("the TLS context must verify certificates and host names")
        self._parts, self._context = parts, context
        self._server: smtplib.SMTP | None = None
        self._verified = False

    def deliver(self, parcel: Parcel) -> None:
        server = self._begun(parcel)
        try:
            code, text = server.rcpt(parcel.recipient, _receiver_options(server, parcel))
            if code in (250, 251):
                code, text = server.data(parcel.content)
            if code not in (250, 251):
                raise self._ended(code, text, of_mailbox=True)
        except smtplib.SMTPDataError as error:
            raise self._ended(error.smtp_code, error.smtp_error, of_mailbox=True) from None
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise WayDown(f"connection: {type(error).__name__}") from None

    def _begun(self, parcel: Parcel) -> smtplib.SMTP:
        """A connection that has taken MAIL FROM. One that was used and ended meanwhile is opened again, once: servers
        let so many messages through and say goodbye. Nothing was handed over by then."""
        again = self._server is not None
        while True:
            server = self._connected()
            if parcel.secured and (reason := require_verified(verified=self._verified)):
                raise NotNow(reason)
            try:
                code, text = server.mail(parcel.sender, _sender_options(server, parcel))
            except (smtplib.SMTPException, OSError) as error:
                code, text, why = GOODBYE, b"", f"connection: {type(error).__name__}"
            else:
                why = _named(code, text)
            if code == 250:
                return server
            if code != GOODBYE:  # HELO, AUTH, MAIL FROM: about us, not about the mailbox
                raise self._ended(code, text, of_mailbox=False)
            self.close()
            if not again:
                raise WayDown(why)
            again = False

    def _ended(self, code: int, text: bytes | str, *, of_mailbox: bool) -> Exception:
        """What a refusal means; the connection is ready for the next message."""
        if code == GOODBYE or self._server is None:
            self.close()
        else:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._server.rset()
        return _verdict(code, text, of_mailbox=of_mailbox)

    def close(self) -> None:
        if self._server is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._server.close()
        self._server, self._verified = None, False

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            try:
                self._open()
            except smtplib.SMTPResponseException as error:
                self.close()
                raise WayDown(f"SMTP {error.smtp_code}") from None
            except ssl.SSLCertVerificationError:
                self.close()
                raise WayDown("the certificate of the server is not accepted") from None
            except (smtplib.SMTPException, OSError) as error:
                self.close()
                raise WayDown(f"connection: {type(error).__name__}") from None
        assert self._server is not None  # noqa: S101 -- _open sets it or raises
        return self._server

    def _open(self) -> None:
        host, name = self._parts.hostname or "", urlsplit(settings.EXTRANET.portal).hostname
        if self._parts.scheme == "smtps":
            port = self._parts.port or 465
            self._server = smtplib.SMTP_SSL(host, port, name, timeout=SECONDS, context=self._context)
            self._verified = True
        else:
            self._server = smtplib.SMTP(host, self._parts.port or 25, name, timeout=SECONDS)
        self._server.ehlo()
        if not self._verified and self._server.has_extn("starttls"):
            self._server.starttls(context=self._context)
            self._server.ehlo()
            self._verified = True
        self._log_in(self._server)

    def _log_in(self, server: smtplib.SMTP) -> None:
        if not self._parts.username:
            return
        if not self._verified:
            raise smtplib.SMTPNotSupportedError("credentials are sent over verified TLS only")
        server.login(unquote(self._parts.username), unquote(self._parts.password or ""))


def _sender_options(server: smtplib.SMTP, parcel: Parcel) -> list[str]:
    options = mail_options(secured=parcel.secured, offered=set(server.esmtp_features))
    if server.has_extn("dsn"):  # RFC 3461: a delivery report sends our headers back, never the words of the mail
        options += ["RET=HDRS", f"ENVID={parcel.name}"]
    return options


def _receiver_options(server: smtplib.SMTP, parcel: Parcel) -> list[str]:
    """Reports are wanted, and shall name the address that we wrote to, wherever it was forwarded."""
    if not server.has_extn("dsn"):
        return []
    address = re.sub(r"[^!-~]|[+=]", lambda sign: f"+{ord(sign.group()):02X}", parcel.recipient)  # xtext
    return ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{address}"]


def _verdict(code: int, text: bytes | str, *, of_mailbox: bool) -> Exception:
    """Permanent only where it says that this mailbox or message will never do.

    All else is about us, and people repair it: login, policy, names that a server does not like, options that it does
    not know, a relay that does not know us. Servers say such things at RCPT, too (Postfix does by default).
    """
    if code == GOODBYE:
        return WayDown(_named(code, text))
    words = _said(text)
    status = STATUS.match(words)
    final = FINAL.fullmatch(status.group()) if status else code in BARE_FINAL and "relay" not in words.lower()
    return (Refused if of_mailbox and code >= 500 and final else NotNow)(_named(code, text))


def _named(code: int, text: bytes | str) -> str:
    """The codes alone."""
    status = STATUS.match(_said(text))
    return f"SMTP {code} {status.group()}" if status else f"SMTP {code}"


def _said(text: bytes | str) -> str:
    return text.decode("ascii", "replace") if isinstance(text, bytes) else text
