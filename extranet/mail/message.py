"""The message as it travels: plain text and HTML, composed once, when it is posted."""

from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime
from typing import TypeVar

from django.utils.encoding import punycode

from extranet.mail.models import OutboxMail
from extranet.profile.exchange import Sender
from extranet.profile.words import Rendered

Part = TypeVar("Part", bound=MIMEPart)
UNFOLDED = SMTP.clone(max_line_length=900)
"""Python folds before an encoded word and leaves two blanks there; our subjects are short enough not to be folded."""


class NotReadable(Exception):
    """The message holds no words that we can read: it is encrypted for its reader."""


def compose(row: OutboxMail, words: Rendered, sender: Sender, *, header: tuple[str, str] | None = None) -> bytes:
    """The whole message. A receiver that has its Message-ID already may drop a second copy.

    ``header`` is one more, for a gateway that looks for it.
    """
    message = headed(row, sender)
    if header is not None:
        message[header[0]] = header[1]
    return _said(message, row, words).as_bytes(policy=UNFOLDED)


def headed(row: OutboxMail, sender: Sender) -> EmailMessage:
    """A message that has its headers and says nothing yet.

    No References and no In-Reply-To: programs that group by conversation must not hide one mail behind another (J9).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=sender.name, addr_spec=sender.email)
    message["To"] = recipient_of(row)
    message["Subject"] = row.subject
    message["Date"] = format_datetime(row.posted_at)
    message["Message-ID"] = row.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    return message


def part(row: OutboxMail, words: Rendered) -> bytes:
    """What a message says, without its headers: for signing and encrypting."""
    return _said(MIMEPart(policy=SMTP), row, words).as_bytes(policy=UNFOLDED)


def words_in(message: bytes) -> Rendered:
    """What a composed message says. Raises NotReadable."""
    parsed = BytesParser(policy=default).parsebytes(message)
    found = [parsed.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (str(body.get_content()).replace("\r\n", "\n") if body is not None else "" for body in found)
    if not text:
        raise NotReadable
    return Rendered(subject=str(parsed["Subject"]), text=text, html=html)


def recipient_of(row: OutboxMail) -> str:
    """The address with its domain as servers take it."""
    return f"{row.to_address.rpartition('@')[0]}@{server_name(row.to_address)}"


def server_name(address: str) -> str:
    """The domain of an address, as servers name it."""
    return punycode(address.rpartition("@")[2]).lower()


def _said(part: Part, row: OutboxMail, words: Rendered) -> Part:
    part.set_content(words.text, cte="quoted-printable")
    part.add_alternative(words.html, subtype="html", cte="quoted-printable")
    part.set_boundary(f"=_{row.id.hex}")
    return part
