"""Secret mails that never arrived: what they opened must be revoked, and their agent called."""

from datetime import datetime

from django.db.models import Q, QuerySet

from extranet.mail.models import MailState, OutboxMail


def given_up_secrets(*, now: datetime) -> QuerySet[OutboxMail]:
    """Mails with a password or link that were given up, bounced, or are too old to be sent any more.

    The same rows come at every call: revoking must be safe to repeat. Newest first.
    """
    ended = Q(state__in=[MailState.GAVE_UP, MailState.BOUNCED])
    too_old = Q(state__in=[MailState.QUEUED, MailState.DEFERRED, MailState.SENDING], give_up_at__lte=now)
    return OutboxMail.objects.filter(ended | too_old, secret=True).order_by("-posted_at")
