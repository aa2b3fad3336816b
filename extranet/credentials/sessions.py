"""Live sessions beside Django's: one an account, idle and absolute limits, the gate asked at each look (AC-10, -12)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.gate import Channel, may_enter, needs_second_factor
from extranet.credentials.models import Account, LiveSession
from extranet.credentials.session_store import stored_key
from extranet.profile.in_force import policy

LOGOUT, NEWER_LOGIN, IDLE, TOO_LONG, UNKNOWN = "logout", "newer_login", "idle", "too_long", "unknown"
TOUCH_EVERY = timedelta(minutes=1)


class SecondFactorMissing(Exception):
    """Staff, and agents who set one up, get a session only after the second factor (IA-2)."""


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
    with transaction.atomic():
        held = _held(account)  # two logins at once: the later one ends the earlier
        if not may_enter(held, channel=Channel.PORTAL, now=now).allowed:
            raise Barred
        older = _open(account).order_by("-started_at")[max(policy().sessions_per_account - 1, 0) :]
        ended = _end(list(older), reason=NEWER_LOGIN, by=Actor(account.kind, account.username, network), now=now)
        session = LiveSession.objects.create(
            account=account,
            key_digest=stored_key(session_key),
            started_at=now,
            last_seen_at=now,
            network=network[:60],
            browser=browser[:120],
            second_factor_at=now if second_factor else None,
        )
    return Begun(session, ended)


def check(*, session_key: str, now: datetime, channel: Channel = Channel.PORTAL) -> LiveSession | Ended:
    """The live session of that key with ``account`` and ``account.agent`` of this moment, or why it is none.

    A session found idle, too old or barred by the gate is ended for good. For the download channel only the answer
    differs: what the gate asks there beyond the portal (a password change, the agreement) ends no session.
    """
    session = LiveSession.objects.select_related("account__agent").filter(key_digest=stored_key(session_key)).first()
    if session is None:
        return Ended(UNKNOWN)
    if session.ended_at is not None:
        return Ended(session.ended_reason)
    reason = _over(session, now)
    if reason:
        with transaction.atomic():
            _end([session], reason=reason, by=Actor.system("sessions"), now=now)
        return Ended(reason)
    verdict = may_enter(session.account, channel=channel, now=now)
    return session if verdict.allowed else Ended(verdict.reason)


def touch(*, session: LiveSession, now: datetime) -> bool:
    """Note that the person is there; writes at most once a minute."""
    mine = LiveSession.objects.filter(pk=session.pk, ended_at=None, last_seen_at__lte=now - TOUCH_EVERY)
    return bool(mine.update(last_seen_at=now))


def end(*, session_key: str, reason: str, by: Actor, now: datetime) -> bool:
    """End the one session; the log-out button among others. False if it was over already."""
    with transaction.atomic():
        mine = list(LiveSession.objects.filter(key_digest=stored_key(session_key)))
        return bool(_end(mine, reason=reason, by=by, now=now))


def end_all(*, account: Account, reason: str, by: Actor, now: datetime, keep: str = "") -> int:
    """End all sessions of the account but the one whose key is ``keep``; how many were live."""
    with transaction.atomic():
        return _end(list(_open(account).exclude(key_digest=stored_key(keep))), reason=reason, by=by, now=now)


def live(account: Account) -> QuerySet[LiveSession]:
    """The account's sessions that nobody ended, newest first; some may be idle by now."""
    return _open(account).order_by("-started_at")


def forget_old(*, before: datetime) -> int:
    """Delete what is over: live sessions ended before that moment. The trail keeps them."""
    return LiveSession.objects.filter(ended_at__lt=before).delete()[0]


def _held(account: Account) -> Account:
    return Account.objects.select_for_update(of=("self",)).select_related("agent").get(pk=account.pk)


def _open(account: Account) -> QuerySet[LiveSession]:
    return LiveSession.objects.filter(account=account, ended_at=None)


def _over(session: LiveSession, now: datetime) -> str:
    if now - session.last_seen_at >= timedelta(minutes=policy().idle_minutes):
        return IDLE
    if now - session.started_at >= timedelta(hours=policy().session_hours):
        return TOO_LONG
    verdict = may_enter(session.account, channel=Channel.PORTAL, now=now)
    return "" if verdict.allowed else verdict.reason


def _end(sessions: list[LiveSession], *, reason: str, by: Actor, now: datetime) -> int:
    ended = 0
    for session in sessions:
        if not LiveSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now, ended_reason=reason[:30]):
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
