"""The canary: a mail to ourselves that must come back secured before new agents are mailed their passwords (SC-8).

It is known again by its number or Message-ID, however a gateway wraps it. It counts as secured where it shows what the
exchange says a secured mail shows, and its phrase can be read nowhere in it.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.mail.catalogue import CanaryMail
from extranet.mail.models import Canary, OutboxMail
from extranet.mail.outbox import post
from extranet.mail.secured import mailbox
from extranet.mail.secured.configured import BODY, expectation
from extranet.mail.secured.models import CanaryState
from extranet.profile.in_force import policy

MAIL = Actor.system("mail")
GOOD_FOR = timedelta(hours=12)  # a gateway that secured in the morning may have changed by the evening
FAILED = (CanaryState.CLEAR, CanaryState.LATE)

log = structlog.get_logger(__name__)


def is_configured() -> bool:
    return bool(settings.EXTRANET.canary_to)


def ask(*, for_run: bool, by: Actor, now: datetime) -> Canary:
    """Send one. ``for_run``: the Monday run goes on when it has come back well."""
    canary = Canary(number=f"canary-{secrets.token_hex(12)}", phrase=f"plain-{secrets.token_hex(12)}")
    canary.for_run, canary.asked_at = for_run, now
    canary.late_at = now + timedelta(minutes=policy().canary_minutes)
    with transaction.atomic():
        canary.save(force_insert=True)
        mail = CanaryMail(number=canary.number, phrase=canary.phrase)
        post(mail, to=settings.EXTRANET.canary_to, about="canary", key=_key(canary), language="", now=now)
        record(action=Action.CANARY_ASKED, now=now, actor=by, subject="canary", detail=_facts(canary))
    return canary


def look(*, now: datetime) -> list[Canary]:
    """Look whether canaries have come back, or are late; those that were decided.

    A mailbox that cannot be read lets them become late all the same. Raises MailboxAway where none did.
    """
    waiting, away = list(Canary.objects.filter(state=CanaryState.ASKED)), None
    back: dict[str, CanaryState] = {}
    decided = []
    try:
        back = _verdicts(waiting) if waiting else {}
    except mailbox.MailboxAway as error:
        away = error
        log.warning("canary mailbox away", why=str(error))
    for canary in waiting:
        verdict = back.get(canary.number)
        if verdict is None and now >= canary.late_at:
            verdict = CanaryState.LATE
        if verdict is not None and _decide(canary, verdict, now):
            decided.append(canary)
    if away is not None and not decided:
        raise away
    return decided


def of_run() -> Canary | None:
    """The newest canary of the newest run, if that run still waits or was stopped."""
    canary = Canary.objects.filter(for_run=True).order_by("-asked_at").first()
    return canary if canary is not None and canary.ran_at is None else None


def has_stopped_a_run() -> bool:
    """Whether agents wait for their mails because of a canary."""
    canary = of_run()
    return canary is not None and canary.state in FAILED


def lets_run(canary: Canary, *, now: datetime) -> bool:
    """Whether it came back secured, and lately."""
    decided = canary.decided_at
    return canary.state == CanaryState.SECURED and decided is not None and now - decided < GOOD_FOR


def has_run(canary: Canary, *, now: datetime) -> None:
    """The run that waited for it is done."""
    Canary.objects.filter(pk=canary.pk).update(ran_at=now)


def judged(message: bytes, *, phrase: str, expect: str) -> CanaryState:
    """Whether a canary that came back is secured."""
    parsed = message_from_bytes(message)
    if any(phrase.encode() in readable.lower() for readable in _readable(message, parsed)):
        return CanaryState.CLEAR
    name, wanted = expectation(expect)
    if name == BODY:
        shown = any(wanted.encode() in readable for readable in _readable(message, parsed))
    else:
        values = [" ".join(str(value).split()) for value in parsed.get_all(name, [])]
        shown = any(wanted.lower() in value.lower() for value in values)
    return CanaryState.SECURED if shown else CanaryState.CLEAR


def _verdicts(waiting: list[Canary]) -> dict[str, CanaryState]:
    """By number. Of several copies one in clear is enough to say that mails can be read."""
    ids = dict(OutboxMail.objects.filter(key__in=map(_key, waiting)).values_list("key", "message_id"))
    found: dict[str, CanaryState] = {}
    for message in mailbox.newest(settings.EXTRANET.canary_mailbox or Path()):
        head = re.split(rb"\r?\n\r?\n", message, maxsplit=1)[0]
        for canary in waiting:
            marks = (canary.number, ids.get(_key(canary), canary.number).strip("<>"))
            if any(mark.encode() in head for mark in marks) and found.get(canary.number) != CanaryState.CLEAR:
                found[canary.number] = judged(message, phrase=canary.phrase, expect=settings.EXTRANET.canary_expect)
    return found


def _readable(message: bytes, parsed: Message) -> Iterator[bytes]:
    """Everything that anybody could read in it without a key: as it lies there, and each part decoded."""
    yield message
    for part in parsed.walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload
            yield payload.replace(b"\0", b"")  # UTF-16


def _decide(canary: Canary, verdict: CanaryState, now: datetime) -> bool:
    action = Action.CANARY_SECURED if verdict == CanaryState.SECURED else Action.CANARY_FAILED
    with transaction.atomic():
        mine = Canary.objects.filter(pk=canary.pk, state=CanaryState.ASKED)
        if not mine.update(state=verdict, decided_at=now):
            return False
        canary.state, canary.decided_at = verdict, now
        facts: dict[str, JsonValue] = {**_facts(canary), "verdict": str(verdict)}
        record(action=action, now=now, actor=MAIL, subject="canary", detail=facts)
        if canary.for_run and verdict != CanaryState.SECURED:
            record(action=Action.ONBOARDING_STOPPED, now=now, actor=MAIL, detail=facts)
    return True


def _key(canary: Canary) -> str:
    return f"{CanaryMail.kind}:{canary.number}:1"


def _facts(canary: Canary) -> dict[str, JsonValue]:
    return {"number": canary.number, "for_run": canary.for_run}
