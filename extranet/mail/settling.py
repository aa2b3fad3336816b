"""What became of a mail: its state, its wiped secret and its event in one transaction, for some mails at a time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, Entry, record_many
from extranet.mail.claims import Claimed
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import WAITING, facts
from extranet.mail.secured import held
from extranet.mail.secured.stopped import is_stopped, not_stopped

FIRST_WAIT = timedelta(minutes=1)  # doubled at each failure
LONGEST_WAIT = timedelta(hours=1)
ENDED_AT_ONCE = 50
STOPPED = "too old: held since a canary came back readable"
MAIL = Actor.system("mail")
ACTIONS = {
    MailState.ACCEPTED: Action.MAIL_ACCEPTED,
    MailState.BOUNCED: Action.MAIL_BOUNCED,
    MailState.GAVE_UP: Action.MAIL_GAVE_UP,
    MailState.CANCELLED: Action.MAIL_CANCELLED,
}
FREE: dict[str, object] = {"lease_until": None, "lease_by": ""}  # nobody holds it

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What one try came to. ``down`` says why nothing can leave at present; blank if it can."""

    row: OutboxMail
    state: MailState
    reason: str = ""
    down: str = ""


def settle(claimed: Claimed, outcomes: Sequence[Outcome], *, now: datetime) -> list[Outcome]:
    """Write all of them down, or none; those that were ours to write: a lease may have run out meanwhile."""
    with transaction.atomic():
        ids = [outcome.row.id for outcome in outcomes]
        mine = set(claimed.mine().filter(id__in=ids).select_for_update().values_list("id", flat=True))
        written = [outcome for outcome in outcomes if outcome.row.id in mine]
        _accept([outcome.row for outcome in written if outcome.state == MailState.ACCEPTED], now)
        for outcome in written:
            if outcome.state != MailState.ACCEPTED:
                _end(outcome, now)
        events = [_entry(outcome) for outcome in written if outcome.state in ACTIONS]
        record_many(events, now=now, actor=MAIL)
    for outcome in written:
        _tell(outcome)
    return written


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many failures: up to an hour, with jitter so that mails do not come in herds."""
    full: timedelta = min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
    jitter: float = 0.75 + secrets.randbelow(251) / 1000
    return full * jitter


def give_up_overdue(now: datetime) -> int:
    """Mails too old to be sent: given up, secrets wiped (SC-28); how many. What was taken back while it was leaving,
    and did not leave, ends as well."""
    free = Q(state__in=WAITING) | Q(state=MailState.SENDING, lease_until__lte=now)
    _end_all(OutboxMail.objects.filter(free, taken_back=True), MailState.CANCELLED, "taken back", now)
    overdue = OutboxMail.objects.filter(free, give_up_at__lte=now)
    stopped = _end_all(overdue.filter(is_stopped()), MailState.GAVE_UP, STOPPED, now)
    return stopped + _end_all(overdue.filter(not_stopped()), MailState.GAVE_UP, "too old", now)


def _end_all(found: QuerySet[OutboxMail], state: MailState, reason: str, now: datetime) -> int:
    mark = secrets.token_hex(16)
    with transaction.atomic():
        rows = list(found.order_by("give_up_at").select_for_update(skip_locked=True)[:ENDED_AT_ONCE])
        if not rows:
            return 0
        OutboxMail.objects.filter(id__in=[row.id for row in rows]).update(state=MailState.SENDING, lease_by=mark)
        return len(settle(Claimed(rows, mark), [Outcome(row, state, reason) for row in rows], now=now))


def _accept(rows: Sequence[OutboxMail], now: datetime) -> None:
    """Two statements for all: what opens an account is wiped."""
    end: dict[str, object] = {"state": MailState.ACCEPTED, "accepted_at": now, "last_error": ""} | FREE
    for wiped, values in ((True, {"sealed_body": None, "wiped_at": now}), (False, {})):
        ids = [row.id for row in rows if row.secret is wiped]
        if ids:
            OutboxMail.objects.filter(id__in=ids).update(**end, **values)


def _end(outcome: Outcome, now: datetime) -> None:
    here = OutboxMail.objects.filter(id=outcome.row.id)
    here.update(**_values(outcome, now))
    if outcome.state != MailState.DEFERRED:
        held.end(here, now=now)  # nobody will ever hear of what waits to be picked up


def _values(outcome: Outcome, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"state": outcome.state, "last_error": outcome.reason[:200]} | FREE
    if outcome.state == MailState.DEFERRED:
        return values | {"next_attempt_at": now + wait_after(outcome.row.attempts), "way_down": bool(outcome.down)}
    gone = outcome.row.secret or outcome.state == MailState.CANCELLED
    return values | ({"sealed_body": None, "wiped_at": now} if gone else {})


def _entry(outcome: Outcome) -> Entry:
    reason = {"reason": outcome.reason} if outcome.reason else {}
    return Entry(ACTIONS[outcome.state], outcome.row.about, {**facts(outcome.row), **reason})


def _tell(outcome: Outcome) -> None:
    row = outcome.row
    told = {"kind": row.kind, "mail_id": str(row.id), "attempts": row.attempts, "reason": outcome.reason}
    if outcome.state == MailState.DEFERRED:
        log.warning("mail deferred", **told)
    else:
        log.info("mail settled", state=str(outcome.state), **told)
