"""The message as it travels: plain text and HTML, the same bytes at every attempt."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.utils.encoding import punycode

from extranet.mail.models import OutboxMail
from extranet.profile.exchange import Profile, Sender
from extranet.profile.words import Rendered

UNFOLDED = SMTP.clone(max_line_length=900)
"""Python folds before an encoded word and leaves two blanks there; our subjects are short enough not to be folded."""


def sender_of(row: OutboxMail, profile: Profile) -> Sender:
    """The profile's sender that the mail was posted under (J5, J22)."""
    return profile.system_sender if row.sender == "system" else profile.service_center.sender


def compose(row: OutboxMail, words: Rendered, sender: Sender) -> bytes:
    """Nothing here depends on the attempt: a receiver that has the Message-ID already may drop the second copy.

    No References and no In-Reply-To: programs that group by conversation must not hide one mail behind another (J9).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=sender.name, addr_spec=sender.email)
    message["To"] = recipient_of(row)
    message["Subject"] = row.subject
    message["Date"] = format_datetime(row.posted_at)
    message["Message-ID"] = row.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{row.id.hex}")  # a random one would change the bytes
    return message.as_bytes(policy=UNFOLDED)


def recipient_of(row: OutboxMail) -> str:
    """The address with its domain as servers take it."""
    local, _, domain = row.to_address.rpartition("@")
    return f"{local}@{punycode(domain)}"
