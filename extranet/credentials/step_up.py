"""A proof of the last minutes before what a stolen session must not do: downloads, changes of the factors (IA-11)."""

from datetime import datetime, timedelta
from enum import StrEnum

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record_refusal
from extranet.credentials import throttle
from extranet.credentials.gate import needs_second_factor
from extranet.credentials.hashing import check
from extranet.credentials.models import Account, LiveSession
from extranet.credentials.second_factor import SecondFactorRefused
from extranet.credentials.session_store import stored_key
from extranet.profile.in_force import policy


class Proof(StrEnum):
    """What a page asks for beside its rule."""

    DOWNLOADS = "downloads"  # where policy sets step_up_minutes
    FACTORS = "factors"  # always: who takes a session over must not bind a factor of their own to the account
    ADDRESS = "address"  # of who has a factor: mails must not move elsewhere by the password alone


def is_due(*, account: Account, live: LiveSession, proof: Proof, now: datetime) -> bool:
    """Whether the person must prove again. Who has no factor yet has proved the password by the login, for a while."""
    minutes = policy().step_up_minutes
    if proof is Proof.ADDRESS and not needs_second_factor(account):
        return False
    if minutes is None:
        if proof is Proof.DOWNLOADS:
            return False
        minutes = policy().idle_minutes
    proved = live.second_factor_at or (None if needs_second_factor(account) else live.started_at)
    return proved is None or not timedelta(0) <= now - proved < timedelta(minutes=minutes)  # a clock set back asks anew


def confirm(*, live: LiveSession, session_key: str, now: datetime) -> bool:
    """The session goes on under the new key of Django's, proved at ``now``; False if it has ended meanwhile."""
    living = LiveSession.objects.filter(pk=live.pk, ended_at=None)
    return bool(living.update(key_digest=stored_key(session_key), second_factor_at=now))


def prove_password(*, account: Account, password: str, by: Actor, now: datetime) -> None:
    """For whom has no factor yet: the password again, within the budget of changing it.

    Raises SecondFactorRefused, HashingBusy. It hashes: never call it inside a transaction.
    """
    allowance = throttle.take(budget=throttle.guesses(throttle.CHANGE), owner=account.username, now=now)
    if allowance.allowed and not needs_second_factor(account) and check(password, account.password).right:
        throttle.clear(owner=account.username, detail="", scopes=(throttle.CHANGE,))
        return
    record_refusal(action=Action.SECOND_FACTOR_REFUSED, now=now, actor=by, subject=account.username)
    raise SecondFactorRefused(None if allowance.allowed else allowance.retry_after_seconds)
