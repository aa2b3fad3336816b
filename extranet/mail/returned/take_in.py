"""Reading what came back, each report once: its row, the mail's state, the doubt and the events in one transaction,
then the message is removed. Killed in between, it is read again and changes nothing.

Anybody can mail a report to us. It counts only if it names a mail that really left, by its Message-ID, which is a
drawn number that only the receiver saw, and that mail's own address.
"""

import hashlib
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.encoding import punycode

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import cancel_row, facts
from extranet.mail.returned import doubt
from extranet.mail.returned.held import OF_CHOICE, held
from extranet.mail.returned.models import ReturnedReport
from extranet.mail.returned.reading import open_place
from extranet.mail.returned.report import NoReport, Report, Said, read
from extranet.mail.secured import held as waiting

RETURNED = Actor.system("returned-mail")
MOST_SECONDS = 20  # of one reading: the worker has more to do; what is left waits for the next
MOST_OF_A_MAIL = 20  # its receiver could write more without end
ENDS = (MailState.BOUNCED, MailState.GAVE_UP, MailState.CANCELLED)
NOT_THE_ADDRESS = ("5.1.7", "5.1.8", "5.3.", "5.5.", "5.6.", "5.7.")
"""Permanent, but about the sender's address, the system there, protocol, content or policy: no wrong address."""
AGAIN, UNKNOWN, FOREIGN, TOO_MANY = "again", "unknown", "foreign", "too_many"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TakenIn:
    """What one reading did. ``unknown``: reports of no mail of ours; ``passed_over``: no reports at all."""

    failed: int = 0
    delayed: int = 0
    complaints: int = 0
    again: int = 0
    unknown: int = 0
    passed_over: int = 0


def read_returned(*, now: datetime) -> TakenIn:
    """Read the place of EXTRANET_RETURNED_MAIL once; nothing where none is named. Not inside a transaction.

    Raises PlaceRefused.
    """
    place: Path | None = settings.EXTRANET.returned_mail
    return read_place(place, now=now) if place is not None else TakenIn()


def read_place(path: Path, *, now: datetime) -> TakenIn:
    """That place once; raises PlaceRefused."""
    counts: Counter[str] = Counter()
    place, began = open_place(path), time.monotonic()
    try:
        for found in place.waiting():
            outcome = take_in(found.raw, now=now)
            counts[outcome] += 1
            if outcome in ("failed", "delayed", "relayed", "complaint", AGAIN):
                place.remove(found)
            else:
                place.put_aside(found)
            if time.monotonic() - began >= MOST_SECONDS:
                log.warning("returned mail takes long", read=counts.total())
                break
    finally:
        place.close()
    _stop_mails_of_choice(now)
    done = TakenIn(
        failed=counts["failed"],
        delayed=counts["delayed"] + counts["relayed"],
        complaints=counts["complaint"],
        again=counts[AGAIN],
        unknown=counts[UNKNOWN] + counts[FOREIGN] + counts[TOO_MANY],
        passed_over=sum(counts[reason] for reason in ("too_large", "unreadable", "other")),
    )
    if counts:
        log.info("returned mail read", **dict(counts.items()))
    return done


def take_in(raw: bytes, *, now: datetime) -> str:
    """Act on one message, once. What it was: failed, delayed, relayed, complaint, again; or why nothing was done."""
    try:
        report = read(raw)
    except NoReport as none:
        return str(none)
    digest = hashlib.sha256(raw).hexdigest()
    with transaction.atomic():
        mail = _mail_of(report)
        if mail is None:
            return UNKNOWN
        said = next((said for said in report.said if _is_about(said, mail)), None)
        if said is None:
            return FOREIGN
        if mail.reports.count() >= MOST_OF_A_MAIL:
            return TOO_MANY
        return _act(mail, said, digest, now)


def _mail_of(report: Report) -> OutboxMail | None:
    """The mail that the report names, if it was ever handed to a server."""
    return OutboxMail.objects.select_for_update().filter(pk__in=report.mails, attempts__gt=0).first()


def _is_about(said: Said, mail: OutboxMail) -> bool:
    """Whether its address is that of the mail. A complaint may hide it: then the Message-ID must do."""
    if not said.addresses:
        return said.what == "complaint"
    local, _, domain = mail.mailbox.rpartition("@")
    return bool({f"{local}@{domain}", f"{local}@{punycode(domain)}"} & said.addresses)


def _act(mail: OutboxMail, said: Said, digest: str, now: datetime) -> str:
    try:
        with transaction.atomic():
            ReturnedReport.objects.create(digest=digest, mail=mail, what=said.what, status=said.status, read_at=now)
    except IntegrityError:
        return AGAIN
    detail = {**facts(mail), "what": said.what, "status": said.status}
    record(action=Action.MAIL_REPORTED, now=now, actor=RETURNED, subject=mail.about, detail=detail)
    if said.what == "failed":
        _bounce(mail, said.status, now)
        if said.status.startswith("5.") and not said.status.startswith(NOT_THE_ADDRESS):
            doubt.begin(mail=mail, reason=doubt.Reason.FAILED, status=said.status, by=RETURNED, now=now)
    elif said.what == "complaint":
        doubt.begin(mail=mail, reason=doubt.Reason.COMPLAINT, status="", by=RETURNED, now=now)
    return said.what


def _bounce(mail: OutboxMail, status: str, now: datetime) -> None:
    """It never arrived, whatever we noted: what it carried is revoked by who owns that. One on its way ends as well."""
    values: dict[str, object] = {"state": MailState.BOUNCED, "last_error": f"came back: {status}"}
    values |= {"lease_until": None, "lease_by": ""}
    if mail.secret and mail.wiped_at is None:
        values |= {"sealed_body": None, "wiped_at": now}
    if OutboxMail.objects.filter(pk=mail.pk).exclude(state__in=ENDS).update(**values):
        waiting.end(OutboxMail.objects.filter(pk=mail.pk), now=now)  # nobody hears of what it announced
        detail = {**facts(mail), "reason": f"came back: {status}"}
        record(action=Action.MAIL_BOUNCED, now=now, actor=RETURNED, subject=mail.about, detail=detail)


def _stop_mails_of_choice(now: datetime) -> None:
    """Take back what nobody misses, so that it is not told late, nor counted as lost after a week."""
    for row in held().filter(kind__in=OF_CHOICE):
        with transaction.atomic():
            cancel_row(row, now=now)
