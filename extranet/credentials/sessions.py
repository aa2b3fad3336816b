"""Live sessions beside Django's: one an account, idle and absolute limits, the gate asked at each look (AC-10, -12)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet, Subquery

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.gate import Channel, may_enter, needs_second_factor
from extranet.credentials.models import Account, LiveSession, SessionClock
from extranet.credentials.session_clock import BY, advance, is_before, went_back
from extranet.credentials.session_clock import CLOCK as CLOCK
from extranet.credentials.session_store import stored_key
from extranet.profile.in_force import policy

LOGOUT, NEWER_LOGIN, IDLE, TOO_LONG, UNKNOWN = "logout", "newer_login", "idle", "too_long", "unknown"
BY_OWNER, ROLE_CHANGED = "by_owner", "role_changed"
TOUCH_EVERY = timedelta(minutes=1)
OVERDUE_AT_ONCE = 500  # the rest a minute later: no transaction holds the database for long


class SecondFactorMissing(Exception):
    """Staff, and agents who set one up, get a session only after the second factor (IA-2)."""


class SessionOver(Exception):
    """It ended, or got another id, while somebody wanted to renew it."""


class Barred(Exception):
    """The gate lets this account into the portal no more; why, it says itself."""


@dataclass(frozen=True)
class Begun:
    """The new session, and how many older ones it ended: the person is told so."""

    session: LiveSession
    ended_others: int


@dataclass(frozen=True)
class Ended:
    """There is no live session of that key; ``reason`` is a word of this file or of the gate."""

    reason: str


def begin(
    *, account: Account, session_key: str, network: str, browser: str, now: datetime, second_factor: bool = False
) -> Begun:
    """Start a session under the key of Django's (cycled just before) and end the older ones.

    Raises SecondFactorMissing where one is needed, Barred where the gate closed in the meantime: whatever the way in.
    """
    if needs_second_factor(account) and not second_factor:
        raise SecondFactorMissing
    went_back(now=now)
    with transaction.atomic():
        held = _held(account)  # two logins at once: the later one ends the earlier
        if not may_enter(held, channel=Channel.PORTAL, now=now).allowed:
            raise Barred
        end_overdue(now=now, account=account)  # what is over takes no place, and nobody is told of it
        older = live(account)[max(policy().sessions_per_account - 1, 0) :]
        ended = _end(list(older), reason=NEWER_LOGIN, by=Actor(account.kind, account.username, network), now=now)
        session = LiveSession.objects.create(
            account=account,
            key_digest=stored_key(session_key),
            started_at=now,
            last_seen_at=now,
            network=network[:60],
            browser=browser[:120],
            second_factor_at=now if second_factor else None,
            role=account.role,
        )
        advance(now=now)
    return Begun(session, ended)


def renew(*, session: LiveSession, session_key: str, now: datetime, second_factor: bool = False) -> LiveSession:
    """The same session under the key of Django's (cycled just before); the old key opens nothing any more (step-up).

    Its beginning stays, so no limit moves. Raises SessionOver if it ended or moved in the meantime.
    """
    facts: dict[str, Any] = {"key_digest": stored_key(session_key)}
    if second_factor:
        facts["second_factor_at"] = now
    mine = LiveSession.objects.filter(pk=session.pk, key_digest=session.key_digest, ended_at=None)
    if not mine.update(**facts):
        raise SessionOver
    return LiveSession.objects.select_related("account__agent").get(pk=session.pk)


def check(*, session_key: str, now: datetime, channel: Channel = Channel.PORTAL) -> LiveSession | Ended:
    """The live session of that key with ``account`` and ``account.agent`` of this moment, or why it is none.

    A session found idle, too old or barred by the gate is ended for good. For the download channel only the answer
    differs: what the gate asks there beyond the portal (a password change, the agreement) ends no session.
    """
    latest = Subquery(SessionClock.objects.values("latest_at")[:1])
    rows = LiveSession.objects.select_related("account__agent").annotate(site_clock=latest)
    session = rows.filter(key_digest=stored_key(session_key)).first()
    if session is None:
        return Ended(UNKNOWN)
    if session.ended_at is not None:
        return Ended(session.ended_reason)
    if is_before(now, session.site_clock):
        went_back(now=now)
        return Ended(CLOCK)
    reason = _over(session, now)
    if reason:
        with transaction.atomic():
            _end([session], reason=reason, by=BY, now=now)
        return Ended(reason)
    verdict = may_enter(session.account, channel=channel, now=now)
    return session if verdict.allowed else Ended(verdict.reason)


def touch(*, session: LiveSession, now: datetime) -> bool:
    """Note that the person is there; writes at most once a minute."""
    mine = LiveSession.objects.filter(pk=session.pk, ended_at=None, last_seen_at__lte=now - TOUCH_EVERY)
    written = bool(mine.update(last_seen_at=now))
    if written:
        advance(now=now)
    return written


def end(*, session_key: str, reason: str, by: Actor, now: datetime) -> bool:
    """End the one session; the log-out button among others. False if it was over already."""
    with transaction.atomic():
        mine = list(LiveSession.objects.filter(key_digest=stored_key(session_key)))
        return bool(_end(mine, reason=reason, by=by, now=now))


def end_all(*, account: Account, reason: str, by: Actor, now: datetime, keep: str = "") -> int:
    """End all sessions of the account but the one whose key is ``keep``; how many were live."""
    with transaction.atomic():
        return _end(list(_open(account).exclude(key_digest=stored_key(keep))), reason=reason, by=by, now=now)


def end_one(*, account: Account, session_id: UUID, by: Actor, now: datetime) -> bool:
    """End one of the account's own sessions, as its owner wishes; False if it has no such one, or it was over."""
    with transaction.atomic():
        return bool(_end(list(_open(account).filter(pk=session_id)), reason=BY_OWNER, by=by, now=now))


def end_overdue(*, now: datetime, account: Account | None = None) -> int:
    """End for good what is idle or too old, whether or not anybody looks; how many. The worker does so every minute."""
    over = Q(last_seen_at__lte=_idle_since(now)) | Q(started_at__lte=_too_old(now))
    mine = Q() if account is None else Q(account=account)
    with transaction.atomic():
        found = list(LiveSession.objects.select_related("account").filter(over & mine, ended_at=None)[:OVERDUE_AT_ONCE])
        return sum(_end_if_still(session, now) for session in found)


def keep_time(*, now: datetime) -> int:
    """The worker's look at all sessions: a clock that was set back, and what is over; how many ended."""
    ended = went_back(now=now) + end_overdue(now=now)
    advance(now=now)
    return ended


def live(account: Account) -> QuerySet[LiveSession]:
    """The account's sessions that nobody ended, newest first; some may be idle by now."""
    return _open(account).order_by("-started_at", "-pk")


def living(account: Account, *, now: datetime) -> QuerySet[LiveSession]:
    """The account's sessions that could go on now, newest first."""
    return live(account).filter(last_seen_at__gt=_idle_since(now), started_at__gt=_too_old(now))


def forget_old(*, before: datetime) -> int:
    """Delete what is over: live sessions ended before that moment. The trail keeps them."""
    return LiveSession.objects.filter(ended_at__lt=before).delete()[0]


def _held(account: Account) -> Account:
    return Account.objects.select_for_update(of=("self",)).select_related("agent").get(pk=account.pk)


def _open(account: Account) -> QuerySet[LiveSession]:
    return account.sessions.filter(ended_at=None)  # each knows its account without another query


def _idle_since(now: datetime) -> datetime:
    return now - timedelta(minutes=policy().idle_minutes)


def _too_old(now: datetime) -> datetime:
    return now - timedelta(hours=policy().session_hours)


def _limit(session: LiveSession, now: datetime) -> str:
    """Which limit it has reached; at the very moment it is over."""
    if session.last_seen_at <= _idle_since(now):
        return IDLE
    return TOO_LONG if session.started_at <= _too_old(now) else ""


def _over(session: LiveSession, now: datetime) -> str:
    if is_before(now, session.last_seen_at):
        return CLOCK
    if limit := _limit(session, now):
        return limit
    if session.role != session.account.role:
        return ROLE_CHANGED
    verdict = may_enter(session.account, channel=Channel.PORTAL, now=now)
    return "" if verdict.allowed else verdict.reason


def _end_if_still(session: LiveSession, now: datetime) -> int:
    """Not where the person came back since we looked."""
    unseen = Q(last_seen_at=session.last_seen_at)
    return _end([session], reason=_limit(session, now), by=BY, now=now, only=unseen)


def _end(sessions: list[LiveSession], *, reason: str, by: Actor, now: datetime, only: Q = Q()) -> int:  # noqa: B008 -- never changed
    ended = 0
    for session in sessions:
        mine = LiveSession.objects.filter(only, pk=session.pk, ended_at=None)
        if not mine.update(ended_at=now, ended_reason=reason[:30]):
            continue
        Session.objects.filter(session_key=session.key_digest).delete()
        action = Action.LOGOUT if reason == LOGOUT else Action.SESSION_ENDED
        username = session.account.username
        record(action=action, now=now, actor=by, subject=username, detail={"reason": str(reason)})
        ended += 1
    return ended


class GateBackend(BaseBackend):
    """Django's way from a session to its account. It lets nobody in by itself: ``login.sign_in`` is the only door."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        """Never: a password is checked with throttling, gate and audit, or not at all."""
        return

    def get_user(self, user_id: Any) -> Account | None:
        """The account with its agent unless it is disabled; ``check`` is what decides about access."""
        return Account.objects.select_related("agent").filter(pk=user_id, disabled_at=None).first()
