"""Addresses in doubt: how a doubt begins, who is in it, how it ends. Inside the caller's transaction."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.mail.models import OutboxMail
from extranet.mail.returned.models import DoubtfulAddress

Reason = DoubtfulAddress.Reason


def open_doubts() -> QuerySet[DoubtfulAddress]:
    """All addresses that are in doubt now, the oldest first."""
    return DoubtfulAddress.objects.filter(cleared_at=None).order_by("since", "id")


def doubt_about(address: str) -> DoubtfulAddress | None:
    """Why that address is in doubt; None where it is not."""
    return open_doubts().filter(address=address.lower()).first()


def begin(*, mail: OutboxMail, reason: str, status: str, by: Actor, now: datetime) -> bool:
    """Put the mail's address in doubt; False if it was so already, or was cleared after that mail had left.

    Mails that come back weigh more than a complaint: they take its place, never the other way round.
    """
    address = mail.mailbox
    left_at = mail.accepted_at or mail.posted_at
    if DoubtfulAddress.objects.filter(address=address, cleared_at__gte=left_at).exists():
        return False
    there = open_doubts().filter(address=address)
    if there.exists():
        heavier = there.filter(reason=Reason.COMPLAINT) if reason == Reason.FAILED else there.none()
        if not heavier.update(reason=reason, status=status, mail=mail, since=now):
            return False
    elif not _insert(DoubtfulAddress(address=address, reason=reason, status=status, since=now, mail=mail)):
        return False
    detail = {"reason": str(reason), "status": status, "mail": mail.key}
    record(action=Action.ADDRESS_DOUBTED, now=now, actor=by, subject=mail.about, detail=detail)
    return True


def clear(*, address: str, by: Actor, now: datetime, subject: str, why: str) -> bool:
    """End the doubt: what was held leaves with the next delivery. False if there was none (any more)."""
    found = doubt_about(address)
    if found is None or not open_doubts().filter(pk=found.pk).update(cleared_at=now, cleared_by=by.name):
        return False
    detail = {"reason": found.reason, "why": why}
    record(action=Action.ADDRESS_CLEARED, now=now, actor=by, subject=subject, detail=detail)
    return True


def _insert(doubt: DoubtfulAddress) -> bool:
    try:
        with transaction.atomic():
            doubt.save(force_insert=True)
    except IntegrityError:  # another reader was faster
        return False
    return True
