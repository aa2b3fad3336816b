"""Which way keeps a secured mail from strangers: chosen when it is posted, and never again."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from extranet.mail.catalogue import CatalogueMail, PickUpMail, SecuredNoticeMail
from extranet.mail.link_lives import life_of
from extranet.mail.message import compose
from extranet.mail.models import HeldMessage, OutboxMail, SecuredBy
from extranet.mail.secured import held
from extranet.mail.secured.certificates import for_mail
from extranet.mail.secured.gateway import marked
from extranet.mail.secured.signer import signer
from extranet.mail.secured.smime import encrypted
from extranet.policy import local_day
from extranet.profile.exchange import Sender
from extranet.profile.in_force import zone
from extranet.profile.loader import current
from extranet.profile.words import Rendered, render
from extranet.vault.tokens import new_token

WALKS = frozenset({PickUpMail.kind})
"""Secured mails whose link is the first step of a pick-up itself: holding them would add nothing (decision 24)."""


@dataclass(frozen=True)
class Composed:
    """The message that travels, and the row of the one that waits, if it does."""

    message: bytes = field(repr=False)
    waits: HeldMessage | None = None


def composed(mail: CatalogueMail, row: OutboxMail, words: Rendered, *, language: str, now: datetime) -> Composed:
    """The message of the row, secured where it must be; subject and way are noted on the row.

    Raises SignerRefused where the exchange cannot sign: then nothing is posted.
    """
    sender, profile = current().mails[mail.kind].sender, current()
    row.subject = marked(words.subject, profile.secured_mark) if row.secured else words.subject
    if not row.secured:
        return Composed(compose(row, words, sender))
    configured = SecuredBy(settings.EXTRANET.secured_mail)
    if configured == SecuredBy.GATEWAY and (profile.secured_mark or profile.secured_header):  # else it would be bare
        row.secured_by = SecuredBy.GATEWAY
        return Composed(compose(row, words, sender, header=profile.secured_header))
    if configured == SecuredBy.SMIME and (message := _encrypted(row, words, sender, now)):
        row.secured_by = SecuredBy.SMIME
        return Composed(message)
    row.secured_by = SecuredBy.PICKUP
    if mail.kind in WALKS:
        return Composed(compose(row, words, sender))
    return _held(row, words, sender, language, now)


def _encrypted(row: OutboxMail, words: Rendered, sender: Sender, now: datetime) -> bytes | None:
    """None where the reader has no certificate that is good now, or we have none: then the mail is picked up."""
    reader, ours = for_mail(address=row.to_address, now=now), signer()
    if reader is None or not ours.is_good(now):
        return None
    return encrypted(row, words, sender, reader=reader, signer=ours)


def _held(row: OutboxMail, words: Rendered, sender: Sender, language: str, now: datetime) -> Composed:
    """The mail stays here, sealed; what travels under its key says that it waits, and holds a link: a secret."""
    token = new_token()
    waits = held.hold(row, compose(row, words, sender), token=token, now=now)
    until = local_day(now + life_of(SecuredNoticeMail), zone())
    notice = SecuredNoticeMail(title=words.subject, link=held.address_of(token), valid_until=until)
    said = render(notice.kind, notice.context(), language=language)
    row.subject, row.secret = said.subject, True
    return Composed(compose(row, said, sender), waits)
