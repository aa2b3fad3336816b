"""A secured mail that waits to be picked up: sealed when it is posted, read by exactly one claim, then gone.

Who may read it is asked above (credentials/held_mail.py); here are rows, seals and ends.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.keyring.ring import open_text, seal_text
from extranet.mail.catalogue import SecuredNoticeMail
from extranet.mail.link_lives import life_of
from extranet.mail.message import words_in
from extranet.mail.models import HeldLink, HeldMessage, OutboxMail
from extranet.mail.secured.models import HeldState
from extranet.profile.in_force import policy
from extranet.profile.words import Rendered
from extranet.vault.sealing import Unopenable, open_bytes, seal_bytes
from extranet.vault.tokens import digest, new_token

MAIL = Actor.system("mail")
PATH = "/secured/"  # under the reset site's address, then the token


class Gone(Exception):
    """Nothing to read (any more): one answer for every reason."""


def address_of(token: str) -> str:
    """Where the notice leads."""
    return f"{settings.EXTRANET.reset}{PATH}{token}/"


def hold(mail: OutboxMail, message: bytes, *, token: str, now: datetime) -> HeldMessage:
    """The row for a mail that is being posted; whoever posts saves it after the mail's own row."""
    row = HeldMessage(mail=mail, about=mail.about, digest=digest(token), expires_at=now + life_of(SecuredNoticeMail))
    row.sealed = seal_text("outbox", message.decode("ascii"), _place(row), now=now)
    return row


def waiting(*, token: str, now: datetime) -> HeldMessage:
    """What the link of a notice leads to, if it was not read and not ended. Raises Gone."""
    rows = HeldMessage.objects.select_related("mail")
    row = rows.filter(digest=digest(token.lower()), state=HeldState.WAITING, expires_at__gt=now).first()
    if row is None:
        raise Gone
    return row


def linked(*, token: str, now: datetime) -> HeldLink:
    """The second link, if what it leads to still waits. Raises Gone."""
    links = HeldLink.objects.select_related("held__mail").filter(digest=digest(token.lower()), expires_at__gt=now)
    link = links.filter(held__state=HeldState.WAITING, held__expires_at__gt=now).first()
    if link is None:
        raise Gone
    return link


def read(row: HeldMessage, *, now: datetime) -> str:
    """Take the message for one browser: the token with which ``again`` opens it. Exactly one caller gets it.

    Inside the act's transaction. Raises Gone, Unopenable.
    """
    message = open_text("outbox", bytes(row.sealed or b""), _place(row)).encode("ascii")
    token = new_token()
    values = {
        "state": HeldState.READ,
        "sealed": seal_bytes(message, _key(token), row.id.bytes),
        "read_at": now,
        "shown_until": now + timedelta(minutes=policy().shown_password_minutes),
    }
    mine = HeldMessage.objects.filter(pk=row.pk, state=HeldState.WAITING, expires_at__gt=now)
    if not mine.update(**values):
        raise Gone
    return token


def again(*, held_id: UUID, token: str, now: datetime) -> tuple[HeldMessage, Rendered]:
    """The message for the browser that took it, for some minutes. Raises Gone."""
    mine = HeldMessage.objects.select_related("mail").filter(pk=held_id, state=HeldState.READ, shown_until__gt=now)
    row = mine.first()
    if row is None or row.sealed is None or not token:
        raise Gone
    try:
        message = open_bytes(bytes(row.sealed), _key(token), row.id.bytes)
    except Unopenable:
        raise Gone from None
    return row, words_in(message)


def end(mails: QuerySet[OutboxMail], *, now: datetime) -> int:
    """Wipe what is held of these mails, read or not; how many. Inside the act's transaction."""
    return _end(HeldMessage.objects.filter(mail__in=mails), now)


def end_about(about: str, *, now: datetime) -> int:
    """Wipe all that is held for one name. Inside the act's transaction."""
    return _end(HeldMessage.objects.filter(about=about), now)


def rename(*, old: str, new: str) -> None:
    """The name of a reader changed: whose it is, the gate, and what ends with the account go by the new one."""
    HeldMessage.objects.filter(about=old).update(about=new)


def end_over(*, now: datetime) -> int:
    """Wipe what nobody picked up in time, and what was shown for long enough; how many."""
    late = Q(state=HeldState.WAITING, expires_at__lte=now)
    with transaction.atomic():
        return _end(HeldMessage.objects.filter(late | Q(state=HeldState.READ, shown_until__lte=now)), now)


def count_try(link: HeldLink, *, most: int) -> bool:
    """Whether one more code may be tried; counted before anybody compares."""
    return bool(HeldLink.objects.filter(pk=link.pk, code_tries__lt=most).update(code_tries=F("code_tries") + 1))


def _end(rows: QuerySet[HeldMessage], now: datetime) -> int:
    """Of a mail that nobody has read the trail says that nobody will."""
    ended = 0
    living = rows.exclude(state=HeldState.ENDED)
    for row in living.select_related("mail"):
        if not living.filter(pk=row.pk).update(state=HeldState.ENDED, sealed=None):
            continue
        ended += 1
        if row.state == HeldState.WAITING:
            facts: dict[str, JsonValue] = {"kind": row.mail.kind, "key": row.mail.key}
            record(action=Action.HELD_MAIL_ENDED, now=now, actor=MAIL, subject=row.about, detail=facts)
    return ended


def _place(row: HeldMessage) -> str:
    return f"held:{row.id}"


def _key(token: str) -> bytes:
    return hashlib.sha256(b"extranet.held.shown\0" + token.encode()).digest()
