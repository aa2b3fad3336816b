"""Mails that wait for a mailbox which is somebody else's now: given up, not cancelled, so that what they carried is
revoked and the service center asks (SC-28)."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from extranet.mail.catalogue import IntroductionMail, UsernameMail, UsernameReminderMail
from extranet.mail.outbox import unfinished

NAMING = (IntroductionMail.kind, UsernameMail.kind, UsernameReminderMail.kind)
"""Mails that tell the user name: half of what opens an account."""


def stop_trying(*, abouts: Collection[str], address: str, now: datetime) -> int:
    """Let the time of secrets and user names to that address be over; how many. Inside the act's transaction.

    One that a sender has in its hands may still leave, but is not tried again.
    """
    revealing = Q(secret=True) | Q(kind__in=NAMING)
    there = unfinished().filter(revealing, about__in=abouts, mailbox=address.lower(), give_up_at__gt=now)
    return there.update(give_up_at=now)
