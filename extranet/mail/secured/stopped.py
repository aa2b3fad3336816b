"""Which mails do not leave because a canary came back readable: the gateway would pass them on in clear (decision 24).

Of the canaries that came back the one that was asked last decides. One that did not come back says nothing about what
can be read. The condition looks at no column of the mail, so a database asks it once a statement, not once a mail.
"""

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from extranet.mail.catalogue import CanaryMail
from extranet.mail.models import Canary, MailState, OutboxMail, SecuredBy
from extranet.mail.secured.models import CanaryState


def is_readable() -> bool:
    """Whether mails that the gateway should secure were seen to arrive readable, and no later one secured."""
    return _is_heeded() and _readable().exists()


def not_stopped() -> Q:
    """The condition of a mail that may leave as far as the gateway goes."""
    return ~is_stopped()


def stopped() -> QuerySet[OutboxMail]:
    """Mails that wait until a canary comes back secured."""
    return OutboxMail.objects.filter(is_stopped(), state__in=[MailState.QUEUED, MailState.DEFERRED])


def is_stopped() -> Q:
    """The condition of a mail that must not leave. The canary itself may: it is the one that shows when all is well."""
    if not _is_heeded():
        return Q(pk__in=[])
    return Q(secured_by=SecuredBy.GATEWAY) & ~Q(kind=CanaryMail.kind) & Q(Exists(_readable()))


def _readable() -> QuerySet[Canary]:
    """Canaries that came back in clear, with none after them that came back secured."""
    secured = Canary.objects.filter(state=CanaryState.SECURED, asked_at__gt=OuterRef("asked_at"))
    return Canary.objects.filter(~Exists(secured), state=CanaryState.CLEAR)


def _is_heeded() -> bool:
    """Who takes the canary away and keeps the gateway vouches for it. Who leaves the gateway does not."""
    return bool(settings.EXTRANET.canary_to) or settings.EXTRANET.secured_mail != "gateway"
