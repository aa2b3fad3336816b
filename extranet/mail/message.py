"""The message as it travels: plain text and HTML, composed once, when it is posted."""

import quopri
from email.headerregistry import Address
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime
from functools import lru_cache

from django.utils.encoding import punycode

from extranet.mail.models import OutboxMail
from extranet.profile.exchange import Sender
from extranet.profile.words import Rendered

UNFOLDED = SMTP.clone(max_line_length=900)
"""Python folds before an encoded word and leaves two blanks there; our subjects are short enough not to be folded."""


class NotReadable(Exception):
    """The message holds no words that we can read: it is encrypted for its reader."""


def compose(row: OutboxMail, words: Rendered, sender: Sender, *, header: tuple[str, str] | None = None) -> bytes:
    """The whole message. A receiver that has its Message-ID already may drop a second copy.

    ``header`` is one more, for a gateway that looks for it.
    """
    return heads(row, sender) + (_head(*header) if header is not None else b"") + part(row, words)


def heads(row: OutboxMail, sender: Sender) -> bytes:
    """Who says it to whom, when: the header lines before those of what is said.

    No References and no In-Reply-To: programs that group by conversation must not hide one mail behind another (J9).
    """
    made_here = {
        "Date": format_datetime(row.posted_at),
        "Message-ID": row.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "MIME-Version": "1.0",
    }
    from_line = _head("From", str(Address(display_name=sender.name, addr_spec=sender.email)))
    lines = [from_line, _head_anew("To", recipient_of(row)), _head("Subject", row.subject)]
    return b"".join([*lines, *(f"{name}: {value}\r\n".encode("ascii") for name, value in made_here.items())])


@lru_cache(maxsize=1024)
def _head(name: str, value: str) -> bytes:
    """The same, kept: most lines come again and again. Never one that names the receiver: a name that had a mail before
    would be answered faster than one that nobody has (the mail of a stand-in goes through here, too)."""
    return _head_anew(name, value)


def _head_anew(name: str, value: str) -> bytes:
    """A header line as the library checks, encodes and folds it."""
    return UNFOLDED.fold_binary(name, UNFOLDED.header_store_parse(name, value)[1])


def part(row: OutboxMail, words: Rendered) -> bytes:
    """What a message says, without the headers of who says it to whom: for signing and encrypting, too.

    Put together by hand: the library takes three times as long for the same bytes (docs/reference/benchmarks.md).
    """
    boundary = f"=_{row.id.hex}"
    return b"\r\n".join(
        [
            f'Content-Type: multipart/alternative; boundary="{boundary}"'.encode(),
            b"",
            f"--{boundary}".encode(),
            _piece("plain", words.text),
            f"--{boundary}".encode(),
            _piece("html", words.html),
            f"--{boundary}--".encode(),
            b"",
        ]
    )


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


def _piece(kind: str, words: str) -> bytes:
    """One form of the words (RFC 2045, quoted-printable), ending in a line break of its own."""
    heads = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    encoded = quopri.encodestring(words.encode())
    return heads.encode() + encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
