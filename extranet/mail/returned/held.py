"""Which mails do not leave while their address is in doubt. Everything else is still tried: it may arrive."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from extranet.mail.models import MailState, OutboxMail
from extranet.mail.returned.models import DoubtfulAddress

NAMING = ("username", "username_reminder")
"""They tell a user name: held like what opens an account."""
OF_CHOICE = ("book_ready",)
"""Nobody misses anything without them. They stop at any doubt, a complaint too."""


def not_held() -> Q:
    """The condition of a mail that may leave as far as its address goes."""
    return ~_held()


def held() -> QuerySet[OutboxMail]:
    """Mails that wait for nothing but a decision about their address."""
    return OutboxMail.objects.filter(_held(), state__in=[MailState.QUEUED, MailState.DEFERRED])


def _held() -> Q:
    in_doubt = DoubtfulAddress.objects.filter(address=OuterRef("mailbox"), cleared_at=None)
    credential = Q(secret=True) | Q(kind__in=NAMING)
    came_back = Q(Exists(in_doubt.filter(reason=DoubtfulAddress.Reason.FAILED)))
    return (credential & came_back) | (Q(kind__in=OF_CHOICE) & Q(Exists(in_doubt)))
