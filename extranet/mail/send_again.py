"""A mail once more, word for word, under the next cycle of its key. Never a secret: that is issued anew by its owner's
acts, so that one copy of it exists; nor what left by the secured way, whose words are for its receiver alone."""

import uuid
from dataclasses import fields
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.keyring.ring import seal_text
from extranet.mail.catalogue import KINDS
from extranet.mail.message import compose, server_name
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import PURPOSE, body_of, facts
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.vault.sealing import Unopenable

AGAIN_FROM = (MailState.ACCEPTED, MailState.BOUNCED, MailState.GAVE_UP)
PROVING = frozenset({"link", "code", "cases"})
"""Fields of mails that are no secret, but with which somebody else could prove or stop something.

Callers are asked for the number of cases.
"""


class SendAgainRefused(Exception):
    """This mail is not sent again; the message says why, and what to do in its place."""


def refusal(row: OutboxMail) -> str:
    """Why the mail is not sent again; blank if it may be."""
    if row.secret:
        return "It held a secret, which is never sent twice: issue it anew."
    if row.secured:
        return "It left by the secured way: send the same by an act on the record of the agent."
    if row.kind in current().mails and current().mails[row.kind].secured:
        return "Mails of this kind leave by the secured way now: send the same by an act on the record of the agent."
    if row.state == MailState.CANCELLED:
        return "It was cancelled, and its words are gone."
    if row.state not in AGAIN_FROM:
        return "It has not left yet: it is tried by itself."
    return ""


def send_again(*, row: OutboxMail, to: str, by: Actor, now: datetime) -> OutboxMail:
    """Post the same words to ``to``. Asked for twice it is sent once: the mail that is there already comes back.

    Raises SendAgainRefused; nothing is changed then.
    """
    if why := refusal(row):
        raise SendAgainRefused(why)
    key = next_key(row.key)
    try:
        with transaction.atomic():
            if (there := OutboxMail.objects.filter(key=key).first()) is not None:
                return there
            made = _copy(row, key=key, to=to, now=now)
            made.save(force_insert=True)
            detail = {**facts(made), "again": row.key}
            record(action=Action.MAIL_SENT_AGAIN, now=now, actor=by, subject=row.about, detail=detail)
    except IntegrityError:  # a second click at the same moment
        return OutboxMail.objects.get(key=key)
    return made


def next_key(key: str) -> str:
    """``…:1`` is followed by ``…:1+2``, that by ``…:1+3``."""
    base, plus, cycle = key.rpartition("+")
    return f"{base}+{int(cycle) + 1}" if plus and cycle.isdigit() else f"{key}+2"


def may_be_read(row: OutboxMail) -> bool:
    """Whether the service center may read the words: nothing in them opens, proves or stops anything."""
    mail = KINDS.get(row.kind)
    if mail is None or row.secret or row.secured or row.state == MailState.CANCELLED:
        return False
    return not PROVING & {field.name for field in fields(mail)}


def words_of(*, row: OutboxMail, by: Actor, now: datetime) -> str:
    """The words as plain text; blank where they cannot be opened. Every look is recorded. Only if ``may_be_read``."""
    try:
        text = body_of(row).text
    except (Unopenable, ValueError):
        return ""
    with transaction.atomic():
        record(action=Action.MAIL_READ, now=now, actor=by, subject=row.about, detail={"mail": row.key})
    return text


def _copy(row: OutboxMail, *, key: str, to: str, now: datetime) -> OutboxMail:
    """A row of its own with the same words: another Message-ID, since the first one may lie in the mailbox already."""
    try:
        words = body_of(row)
    except (Unopenable, ValueError):
        raise SendAgainRefused("Its words cannot be opened any more: write to the agent.") from None
    sender, identity = current().mails[row.kind].sender, uuid.uuid4()
    made = OutboxMail(
        id=identity,
        key=key,
        kind=row.kind,
        about=row.about,
        sender=row.sender,
        from_address=sender.email,
        to_address=to,
        mailbox=to.lower(),
        domain=server_name(to),
        subject=row.subject,
        secret=False,
        secured=False,
        message_id=f"<{identity}@{sender.email.rpartition('@')[2]}>",
        posted_at=now,
        next_attempt_at=now,
        give_up_at=now + timedelta(days=policy().secret_mail_days),
    )
    made.sealed_body = seal_text(PURPOSE, compose(made, words, sender).decode("ascii"), str(identity), now=now)
    return made
