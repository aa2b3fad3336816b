"""Which way keeps a secured mail from strangers, chosen when it is posted and never again."""

from extranet.mail.catalogue import CatalogueMail
from extranet.mail.message import compose
from extranet.mail.models import OutboxMail, SecuredBy
from extranet.mail.secured.gateway import marked
from extranet.profile.exchange import Sender
from extranet.profile.loader import current
from extranet.profile.words import Rendered


def subject_of(mail: CatalogueMail, words: Rendered) -> str:
    """With the profile's mark first where the mail is secured, whatever the way: readers know it by that (J7)."""
    return marked(words.subject, current().secured_mark) if mail.secured else words.subject


def composed(row: OutboxMail, words: Rendered, sender: Sender) -> bytes:
    """The message of the row, secured where it must be; notes the way on the row."""
    if not row.secured:
        return compose(row, words, sender)
    row.secured_by = SecuredBy.GATEWAY
    return compose(row, words, sender, header=current().secured_header)
