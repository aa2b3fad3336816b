"""A clock that was set back must prolong no session and revive none: the site remembers how far it has come (AC-12).

Limits of sessions are differences of moments. Whoever sees a moment well before the latest one that the site has seen
ends every living session, once, and goes on from there.
"""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, Entry, record_many
from extranet.credentials.models import LiveSession, SessionClock

CLOCK = "clock"
MAY_DIFFER = timedelta(minutes=1)  # machines of one site keep closer; extranet doctor complains from five seconds on
RAISE_EVERY = timedelta(minutes=1)
BY = Actor.system("sessions")


def advance(*, now: datetime) -> None:
    """Remember that the site has come so far; writes at most once a minute."""
    if SessionClock.objects.filter(latest_at__lte=now - RAISE_EVERY).update(latest_at=now):
        return
    if not SessionClock.objects.exists():
        SessionClock.objects.get_or_create(pk=1, defaults={"latest_at": now})


def is_before(moment: datetime, seen: datetime | None) -> bool:
    """Whether the clock that says ``moment`` was set back since ``seen``."""
    return seen is not None and moment < seen - MAY_DIFFER


def went_back(*, now: datetime) -> int:
    """Where the clock was set back, end every living session for good; how many. Whoever comes first does it."""
    with transaction.atomic():
        ahead = SessionClock.objects.filter(latest_at__gt=now + MAY_DIFFER)
        if not ahead.update(latest_at=now):
            return 0
        living = LiveSession.objects.select_for_update(of=("self",)).select_related("account").filter(ended_at=None)
        found = list(living)
        _end(found, now)
    return len(found)


def _end(found: list[LiveSession], now: datetime) -> None:
    """All at once: there may be thousands, and somebody's request waits for it."""
    LiveSession.objects.filter(ended_at=None).update(ended_at=now, ended_reason=CLOCK)
    ended = LiveSession.objects.filter(ended_reason=CLOCK, ended_at=now)
    Session.objects.filter(session_key__in=ended.values("key_digest")).delete()
    entries = [Entry(Action.SESSION_ENDED, one.account.username, {"reason": CLOCK}) for one in found]
    record_many(entries, now=now, actor=BY)
