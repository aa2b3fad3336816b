"""Sending what is due: at least once with a stable Message-ID, accepted exactly once, secrets wiped in the same act.

Several senders may work at a time. Each claims some mails, hands them over one after the other on one connection, and
notes what became of them in one transaction. A killed sender's mails are free again when its lease ends, and go out
once more with the same bytes: only what the receiver had taken and no transaction had noted arrives twice.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings

from extranet.jobs.leases import elapsed
from extranet.keyring.ring import Opener
from extranet.mail.claims import LEASE, Claimed, claim, release
from extranet.mail.message import recipient_of
from extranet.mail.models import MailState, OutboxMail, SecuredBy
from extranet.mail.outbox import message_of, opener_of_messages
from extranet.mail.pacing import Pace
from extranet.mail.settling import Outcome, give_up_overdue, settle
from extranet.mail.ways import NotNow, Parcel, Refused, Way, WayDown, open_way
from extranet.vault.sealing import Unopenable

RUN_AT_MOST = timedelta(minutes=5)  # a run ends by itself long before its leases do
BATCH = 50
NOTE_EVERY = 1.0  # seconds: what was handed over and not noted would arrive twice if this process were killed


log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Delivered:
    """What one run did. ``down`` says why the way could not be used at all; blank if it could."""

    accepted: int = 0
    deferred: int = 0
    gave_up: int = 0
    bounced: int = 0
    down: str = ""


def deliver_due(
    *, now: datetime, limit: int = 500, way: Way | None = None, stop: Callable[[], bool] = bool
) -> Delivered:
    """Hand over the mails that are due, in the order of their threads, until none is left. Not inside a transaction.

    ``way`` is the configured one unless given. A way that is down ends the run, and so does ``stop`` between two
    mails; the rest stays queued.
    """
    began, seen, down = time.monotonic(), 0, ""
    counts = Counter({MailState.GAVE_UP: give_up_overdue(now)})
    used, pace = way or open_way(settings.EXTRANET.email), Pace(settings.EXTRANET.mail_pace)

    def clock() -> datetime:
        return now + elapsed(began)

    try:
        while not down and not stop() and seen < limit and elapsed(began) <= RUN_AT_MOST:
            claimed = claim(now=clock(), count=min(BATCH, limit - seen), pace=pace)
            if not claimed.rows:
                break
            seen += len(claimed.rows)
            outcomes = _hand_over(claimed, used, clock, stop)
            counts.update(outcome.state for outcome in outcomes)
            down = next((outcome.down for outcome in outcomes if outcome.down), "")
    finally:
        used.close()
    return Delivered(
        accepted=counts[MailState.ACCEPTED],
        deferred=counts[MailState.DEFERRED],
        gave_up=counts[MailState.GAVE_UP],
        bounced=counts[MailState.BOUNCED],
        down=down,
    )


def _hand_over(claimed: Claimed, way: Way, clock: Callable[[], datetime], stop: Callable[[], bool]) -> list[Outcome]:
    """One after the other; a receiver that is away or slow leaves the rest to the next run."""
    until, opener, done = clock() + LEASE / 2, opener_of_messages(), list[Outcome]()
    waiting, noted = list[Outcome](), time.monotonic()
    for place, row in enumerate(claimed.rows):
        if stop() or clock() >= until:
            release(claimed, claimed.rows[place:])
            break
        waiting.append(_try(row, way, opener))
        if waiting[-1].down:
            release(claimed, claimed.rows[place + 1 :])
            break
        if time.monotonic() - noted >= NOTE_EVERY:
            done += settle(claimed, waiting, now=clock())
            waiting, noted = [], time.monotonic()
    return done + settle(claimed, waiting, now=clock())


def _try(row: OutboxMail, way: Way, opener: Opener) -> Outcome:
    try:
        way.deliver(_parcel(row, message_of(row, opener)))
    except Refused as error:
        return Outcome(row, MailState.BOUNCED, str(error))
    except WayDown as error:
        return Outcome(row, MailState.DEFERRED, str(error), down=str(error))
    except NotNow as error:
        return Outcome(row, MailState.DEFERRED, str(error))
    except (Unopenable, ValueError) as error:  # a damaged row must not hold up the others
        return Outcome(row, MailState.DEFERRED, f"cannot be opened: {type(error).__name__}")
    except Exception as error:  # nor a fault of ours: what was handed over before it must be noted
        log.error("mail failed", mail_id=str(row.id), exc_info=error)
        return Outcome(row, MailState.DEFERRED, f"fault: {type(error).__name__}")
    return Outcome(row, MailState.ACCEPTED)


def _parcel(row: OutboxMail, message: bytes) -> Parcel:
    return Parcel(
        name=str(row.id),
        sender=row.from_address,
        recipient=recipient_of(row),
        content=message,
        secured=row.secured_by == SecuredBy.GATEWAY,  # the other ways need no server that can be trusted
    )
