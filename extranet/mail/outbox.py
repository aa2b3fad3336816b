"""Posting a mail: inside the caller's transaction, exactly once by its key. Nothing leaves here; delivery.py sends."""

import uuid
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, OutsideTransaction, record
from extranet.keyring.ring import Opener, seal_text
from extranet.mail.catalogue import CatalogueMail
from extranet.mail.guard import require_clean
from extranet.mail.message import server_name, words_in
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.secured import held
from extranet.mail.secured.choice import composed
from extranet.profile.in_force import policy as policy_in_force
from extranet.profile.loader import current
from extranet.profile.words import Rendered, render

PURPOSE = "outbox"  # of the key
WAITING = (MailState.QUEUED, MailState.DEFERRED)


class AddressRefused(Exception):
    """Not an address that mail can be sent to. The address itself is not in the message."""


def post(
    mail: CatalogueMail,
    *,
    to: str,
    about: str,
    key: str,
    language: str,
    now: datetime,
    thread: uuid.UUID | None = None,
    place: int = 0,
    wait_until: datetime | None = None,
) -> OutboxMail:
    """Queue the mail in the caller's transaction. The same key again gives the row that is there, whatever it says.

    ``key`` is ``kind:subject:cycle``; ``about`` a copied name (user name, request number); ``language`` the reader's,
    blank for who chose none. Mails of one ``thread``
    leave in the order of ``place``: each waits for acceptance of the lower ones, but not beyond ``wait_until``.
    Raises AddressRefused, MailBlocked (see guard.check), OutsideTransaction.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(f"mail {key} must be posted inside transaction.atomic() of its act")
    there = OutboxMail.objects.filter(key=key).first()
    if there is not None:
        return there
    _require_address(to)
    require_clean(mail, now=now)
    row = _row(mail, to=to, about=about, key=key, now=now)
    made = composed(mail, row, render(mail.kind, mail.context(), language=language), language=language, now=now)
    row.sealed_body = seal_text(PURPOSE, made.message.decode("ascii"), str(row.id), now=now)
    row.thread, row.place = thread, place
    row.wait_until = _patience(now) if thread is not None and wait_until is None else wait_until
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            if made.waits is not None:
                made.waits.save(force_insert=True)
    except IntegrityError:  # posted by another process between our look and our insert
        return OutboxMail.objects.get(key=key)
    return row


def cancel(*, now: datetime, key_prefix: str = "", about: str = "") -> int:
    """Take back mails that have not left, and wipe them; how many. One that is leaving at this moment is not held, but
    not tried again either.

    Inside the caller's transaction. At least one of the two must be given.
    """
    if not key_prefix and not about:
        raise ValueError("cancel needs key_prefix or about")
    chosen = Q(key__startswith=key_prefix) & (Q(about=about) if about else Q())
    OutboxMail.objects.filter(chosen, state=MailState.SENDING).update(taken_back=True)
    cancelled = sum(cancel_row(row, now=now) for row in OutboxMail.objects.filter(chosen, state__in=WAITING))
    held.end(OutboxMail.objects.filter(chosen), now=now)  # after the mails, as everybody locks them
    return cancelled


def cancel_row(row: OutboxMail, *, now: datetime) -> bool:
    """Take back that mail, if it has not left, and what waits behind it. Inside the caller's transaction."""
    here = OutboxMail.objects.filter(id=row.id, state__in=WAITING)
    if not here.update(state=MailState.CANCELLED, sealed_body=None, wiped_at=now):
        return False
    held.end(OutboxMail.objects.filter(id=row.id), now=now)
    record(action=Action.MAIL_CANCELLED, now=now, actor=Actor.system("mail"), subject=row.about, detail=facts(row))
    return True


def body_of(row: OutboxMail) -> Rendered:
    """The words of a mail that was not wiped; raises Unopenable, NotReadable where it is encrypted for its reader."""
    return words_in(message_of(row))


def message_of(row: OutboxMail, opener: Opener | None = None) -> bytes:
    """The message as it was composed; raises Unopenable. Who opens many brings an ``opener`` for all."""
    return (opener or opener_of_messages()).open(row.sealed_body or b"", str(row.id)).encode("ascii")


def opener_of_messages() -> Opener:
    """Opens the messages of one act."""
    return Opener(PURPOSE)


def facts(row: OutboxMail) -> dict[str, str | int]:
    """What the trail says of a mail."""
    return {"kind": row.kind, "key": row.key, "message_id": row.message_id, "attempts": row.attempts}


def unfinished() -> QuerySet[OutboxMail]:
    """Mails that still have to leave."""
    return OutboxMail.objects.filter(state__in=[*WAITING, MailState.SENDING])


def _row(mail: CatalogueMail, *, to: str, about: str, key: str, now: datetime) -> OutboxMail:
    sender, identity = current().mails[mail.kind].sender, uuid.uuid4()
    return OutboxMail(
        id=identity,
        key=key,
        kind=mail.kind,
        about=about,
        sender=mail.sender,
        from_address=sender.email,
        to_address=to,
        mailbox=to.lower(),
        domain=server_name(to),
        secret=mail.secret,
        secured=mail.secured,
        message_id=f"<{identity}@{sender.email.rpartition('@')[2]}>",
        posted_at=now,
        next_attempt_at=now,
        give_up_at=now + timedelta(days=policy_in_force().secret_mail_days),
    )


def _require_address(to: str) -> None:
    try:
        validate_email(to)
    except ValidationError:
        raise AddressRefused("this is no address that mail can be sent to") from None


def _patience(now: datetime) -> datetime:
    return now + timedelta(hours=policy_in_force().onboarding_password_waits_hours)
