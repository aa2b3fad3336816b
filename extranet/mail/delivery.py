"""Sending what is due: at least once with a stable Message-ID, accepted exactly once, secrets wiped in the same act.

Several senders may work at a time. A mail is claimed by one conditional update; a killed sender's mail is free again
when its lease ends, and goes out once more with the same bytes.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.jobs.leases import elapsed
from extranet.mail.message import recipient_of
from extranet.mail.models import MailState, OutboxMail, SecuredBy
from extranet.mail.outbox import WAITING, facts, message_of
from extranet.mail.secured import held
from extranet.mail.ways import NotNow, Parcel, Refused, Way, WayDown, open_way
from extranet.vault.sealing import Unopenable

LEASE = timedelta(minutes=10)
RUN_AT_MOST = timedelta(minutes=5)  # a run ends by itself long before its leases do
PAGE = 50
FIRST_WAIT = timedelta(minutes=1)  # doubled at each failure
LONGEST_WAIT = timedelta(hours=1)
MAIL = Actor.system("mail")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Delivered:
    """What one run did. ``down`` says why the way could not be used at all; blank if it could."""

    accepted: int = 0
    deferred: int = 0
    gave_up: int = 0
    bounced: int = 0
    down: str = ""


def deliver_due(*, now: datetime, limit: int = 500, way: Way | None = None) -> Delivered:
    """Hand over the mails that are due, in the order of their threads, until none is left. Not inside a transaction.

    ``way`` is the configured one unless given. A way that is down ends the run; the rest stays queued.
    """
    began, counts, down, seen = time.monotonic(), dict.fromkeys(MailState, 0), "", 0
    counts[MailState.GAVE_UP] = _give_up_overdue(now)
    used = way or open_way(settings.EXTRANET.email)
    try:
        while not down and seen < limit and (page := _due_ids(now + elapsed(began), min(PAGE, limit - seen))):
            for mail_id in page:
                seen += 1
                state, down = _deliver_one(mail_id, used, now + elapsed(began))
                counts[state] += 1
                if down or elapsed(began) > RUN_AT_MOST:
                    break
            if elapsed(began) > RUN_AT_MOST:
                break
    finally:
        used.close()
    return Delivered(
        accepted=counts[MailState.ACCEPTED],
        deferred=counts[MailState.DEFERRED],
        gave_up=counts[MailState.GAVE_UP],
        bounced=counts[MailState.BOUNCED],
        down=down,
    )


def due(now: datetime) -> QuerySet[OutboxMail]:
    """Mails that may leave now: their time has come, nobody sends them, and all before them in the thread were
    accepted, or waited for long enough (J9)."""
    ready = Q(state__in=WAITING, next_attempt_at__lte=now) | Q(state=MailState.SENDING, lease_until__lte=now)
    before = OutboxMail.objects.filter(thread=OuterRef("thread"), place__lt=OuterRef("place"))
    held_up = Exists(before.exclude(state=MailState.ACCEPTED))
    free = Q(thread__isnull=True) | ~held_up | Q(wait_until__lte=now)
    return OutboxMail.objects.filter(ready, free, give_up_at__gt=now).order_by("posted_at", "place", "id")


def _due_ids(now: datetime, count: int) -> list[UUID]:
    return list(due(now).values_list("id", flat=True)[:count])


def _deliver_one(mail_id: UUID, way: Way, now: datetime) -> tuple[MailState, str]:
    """The state in which the mail is afterwards (QUEUED where another sender has it), and why the way is down."""
    row = _claim(mail_id, now)
    if row is None:
        return MailState.QUEUED, ""
    try:
        way.deliver(_parcel(row))
    except Refused as error:
        return _settle(row, MailState.BOUNCED, Action.MAIL_BOUNCED, now, reason=str(error)), ""
    except NotNow as error:
        down = str(error) if isinstance(error, WayDown) else ""
        return _defer(row, str(error), now), down
    except (Unopenable, ValueError) as error:  # a damaged row must not hold up the others
        return _defer(row, f"cannot be opened: {type(error).__name__}", now), ""
    return _settle(row, MailState.ACCEPTED, Action.MAIL_ACCEPTED, now), ""


def _claim(mail_id: UUID, now: datetime) -> OutboxMail | None:
    mark = secrets.token_hex(16)
    claimed = (
        due(now)
        .filter(id=mail_id)
        .order_by()
        .update(state=MailState.SENDING, lease_until=now + LEASE, lease_by=mark, attempts=F("attempts") + 1)
    )
    return OutboxMail.objects.get(id=mail_id, lease_by=mark) if claimed else None


def _parcel(row: OutboxMail) -> Parcel:
    return Parcel(
        name=str(row.id),
        sender=row.from_address,
        recipient=recipient_of(row),
        content=message_of(row),
        secured=row.secured_by == SecuredBy.GATEWAY,  # the other ways need no server that can be trusted
    )


def _settle(row: OutboxMail, state: MailState, action: Action, now: datetime, *, reason: str = "") -> MailState:
    """The end of a mail: state, wiped secret and event in one transaction. Counts only for who holds the lease."""
    values: dict[str, object] = {"state": state, "lease_until": None, "lease_by": "", "last_error": reason[:200]}
    if row.secret:
        values |= {"sealed_body": None, "wiped_at": now}
    if state == MailState.ACCEPTED:
        values["accepted_at"] = now
    detail = {**facts(row), "reason": reason} if reason else facts(row)
    with transaction.atomic():
        if not _mine(row).update(**values):
            return MailState.QUEUED
        if state != MailState.ACCEPTED:  # nobody will ever hear of what waits to be picked up
            held.end(OutboxMail.objects.filter(id=row.id), now=now)
        record(action=action, now=now, actor=MAIL, subject=row.about, detail=detail)
    log.info("mail settled", state=str(state), kind=row.kind, mail_id=str(row.id), attempts=row.attempts, reason=reason)
    return state


def _defer(row: OutboxMail, reason: str, now: datetime) -> MailState:
    values = {"state": MailState.DEFERRED, "lease_until": None, "lease_by": "", "last_error": reason[:200]}
    _mine(row).update(next_attempt_at=now + wait_after(row.attempts), **values)
    log.warning("mail deferred", kind=row.kind, mail_id=str(row.id), attempts=row.attempts, reason=reason)
    return MailState.DEFERRED


def _mine(row: OutboxMail) -> QuerySet[OutboxMail]:
    return OutboxMail.objects.filter(id=row.id, state=MailState.SENDING, lease_by=row.lease_by)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many failures: up to an hour, with jitter so that mails do not come in herds."""
    full: timedelta = min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
    jitter: float = 0.75 + secrets.randbelow(251) / 1000
    return full * jitter


def _give_up_overdue(now: datetime) -> int:
    """Mails too old to be sent: given up, secrets wiped (SC-28); how many."""
    open_ones = Q(state__in=WAITING) | Q(state=MailState.SENDING, lease_until__lte=now)
    given_up = 0
    for row in OutboxMail.objects.filter(open_ones, give_up_at__lte=now).order_by("give_up_at")[:PAGE]:
        mark = secrets.token_hex(16)
        taken = OutboxMail.objects.filter(open_ones, id=row.id).update(state=MailState.SENDING, lease_by=mark)
        row.lease_by = mark
        if taken and _settle(row, MailState.GAVE_UP, Action.MAIL_GAVE_UP, now, reason="too old") == MailState.GAVE_UP:
            given_up += 1
    return given_up
