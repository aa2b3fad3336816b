"""Taking mails to send: some at a time, in their order, under a lease that a killed sender cannot keep."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import WAITING
from extranet.mail.pacing import Pace
from extranet.mail.returned.held import not_held
from extranet.mail.secured.stopped import not_stopped

LEASE = timedelta(minutes=10)


@dataclass(frozen=True)
class Claimed:
    """Mails that nobody else sends until the lease ends."""

    rows: list[OutboxMail]
    mark: str

    def mine(self) -> QuerySet[OutboxMail]:
        """Those of them that are still ours: the lease may have run out and somebody else taken them."""
        return OutboxMail.objects.filter(state=MailState.SENDING, lease_by=self.mark)


def due(now: datetime) -> QuerySet[OutboxMail]:
    """Mails that may leave now: their time has come, nobody sends them or took them back, and all before them in the
    thread were accepted, or waited for long enough (J9). One to an address in doubt may be held, and none leaves by a
    gateway whose canary came back readable.

    A server that is away makes nobody wait for long enough: the order holds until it answers.
    """
    ready = Q(state__in=WAITING, next_attempt_at__lte=now) | Q(state=MailState.SENDING, lease_until__lte=now)
    before = OutboxMail.objects.filter(thread=OuterRef("thread"), place__lt=OuterRef("place"))
    held_up = Exists(before.exclude(state=MailState.ACCEPTED))
    nobodys_fault = Q(state=MailState.SENDING) | Q(state__in=WAITING, way_down=True)
    patient = Q(wait_until__lte=now) & ~Exists(before.filter(nobodys_fault))
    free = Q(thread__isnull=True) | ~held_up | patient
    found = OutboxMail.objects.filter(ready, free, not_held(), not_stopped(), give_up_at__gt=now, taken_back=False)
    return found.order_by("posted_at", "place", "id")


def claim(*, now: datetime, count: int, pace: Pace) -> Claimed:
    """At most so many of the mails that are due, as the pace allows; their attempts count from now on.

    A domain that had its share is passed over and holds up no other. Rows that another sender is taking at this
    moment are passed over, too.
    """
    mark = secrets.token_hex(16)
    with transaction.atomic():
        pace.one_at_a_time()
        open_ones = due(now).exclude(domain__in=pace.spent(now))
        rows = pace.within(list(open_ones.select_for_update(skip_locked=True)[:count]), now)
        taken = OutboxMail.objects.filter(id__in=[row.id for row in rows])
        lease = {"state": MailState.SENDING, "lease_until": now + LEASE, "lease_by": mark}
        taken.update(**lease, tried_at=now, attempts=F("attempts") + 1)
    for row in rows:
        row.attempts += 1
    return Claimed(rows, mark)


def release(claimed: Claimed, rows: list[OutboxMail]) -> None:
    """Give back what was not tried, as if it had not been claimed."""
    untried = claimed.mine().filter(id__in=[row.id for row in rows])
    before = {"state": MailState.QUEUED, "lease_until": None, "lease_by": "", "tried_at": None}
    untried.update(**before, attempts=F("attempts") - 1)
