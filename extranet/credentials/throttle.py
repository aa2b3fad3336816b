"""Budgets of guesses, as rows moved by one atomic UPDATE. Fails closed: no database, no guess (AC-7, delay branch).

User names are public, so no counter may lock the owner out. A device in which the owner proved to be the owner has a
budget of its own. All other devices share one an account, with growing delays, behind one an account and network and
one a network, and all accounts together have one that narrows the others when it is spent. The reset link is outside
of all of these and clears them. Unknown names are counted like known ones.
Keys are keyed digests: no list of names or networks stands here.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q

from extranet.credentials import counters
from extranet.credentials.counters import Budget as Budget  # part of what callers hand in
from extranet.credentials.models import KnownDevice, Throttle
from extranet.profile.in_force import policy

DEVICE, ACCOUNT_NETWORK, ACCOUNT, NETWORK = "login-device", "login-account-network", "login-account", "login-network"
DEVICE_DAY = "login-device-day"  # how long a device that guesses wrong stays known
ALL, ACCOUNT_FLOOD = (
    "login-all",
    "login-account-flood",
)  # everybody together, and what an account has left while it is spent
CHANGE = "change-password"  # the old password, asked again inside a session
PASSKEY = "login-passkey"  # challenges that one network may ask for
SECOND_FACTOR = "second-factor"  # outside of OF_ACCOUNTS: a reset must not buy more codes to guess
OF_ACCOUNTS = (DEVICE, DEVICE_DAY, ACCOUNT_NETWORK, ACCOUNT, ACCOUNT_FLOOD, CHANGE)
EVERY_LOCK = (*OF_ACCOUNTS, SECOND_FACTOR)
UNAVAILABLE = timedelta(minutes=1)  # what is asked of people while the counters cannot be reached
FREE_TRIES = 10  # of the shared budget of an account before its delays begin
LONGEST_DELAY = timedelta(minutes=15)  # so that the shared budget lasts about a day
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_PART = 32


@dataclass(frozen=True)
class Allowance:
    """Whether the try may be made; if not, when to come back. ``last``: if it is wrong, the device is known no more."""

    allowed: bool
    retry_after: timedelta = timedelta(0)
    last: bool = False

    @property
    def retry_after_seconds(self) -> int:
        """For the Retry-After header: whole seconds, rounded up."""
        return ceil(self.retry_after.total_seconds())


def of_device() -> Budget:
    return guesses(DEVICE)


def of_device_day() -> Budget:
    """Blocks nobody: the device is forgotten with its last try, and what is forgotten is a strange device."""
    return Budget(DEVICE_DAY, DAY, ())


def of_account_network() -> Budget:
    return guesses(ACCOUNT_NETWORK)


def of_network() -> Budget:
    """Many people may share a network, so it has the day's budget of one account in one short window."""
    window, lock = _window_and_lock()
    return Budget(NETWORK, window, ((policy().unknown_device_budget_per_day, lock),))


def of_account() -> Budget:
    """The one that all unknown devices share: ten tries at once, then 1, 2, 4 … seconds, at last the day's end."""
    limit = policy().unknown_device_budget_per_day
    steps = [(FREE_TRIES + n, min(timedelta(seconds=2**n), LONGEST_DELAY)) for n in range(11)]
    return Budget(ACCOUNT, DAY, (*(step for step in steps if step[0] < limit), (limit, DAY)))


def of_all() -> Budget:
    """Real guesses of all strange devices at all names. Spent, it bars nobody: it narrows what each account takes."""
    return Budget(ALL, HOUR, ((policy().unknown_device_budget_of_all_per_hour, HOUR),))


def of_account_in_flood() -> Budget:
    """What an account takes of strange devices while ``of_all`` is spent: a spray over all names gets few."""
    return Budget(ACCOUNT_FLOOD, DAY, ((policy().guesses, DAY),))


def take_guess(*, username: str, device: KnownDevice | None, network: str, now: datetime) -> Allowance:
    """Take one try of all budgets that apply, before the password is looked at. Call it outside of transactions."""
    try:
        with transaction.atomic():  # one commit for all of them
            return _of_known(username, device, now) if device is not None else _of_strange(username, network, now)
    except DatabaseError:
        return Allowance(False, UNAVAILABLE)


def give_back_guess(*, username: str, device: KnownDevice | None, network: str) -> None:
    """The try was the owner's: clear what only the owner can have spent, return one to what others share."""
    if device is not None:
        counters.forget(rows=[(scope, _key(scope, username, str(device.pk))) for scope in (DEVICE, DEVICE_DAY)])
        return
    with transaction.atomic():
        counters.forget(rows=[(ACCOUNT_NETWORK, _key(ACCOUNT_NETWORK, username, network))])
        _return_one([(ACCOUNT, username, ""), (NETWORK, network, "")])
        _return_one_of_all(username)


def undo_guess(*, username: str, device: KnownDevice | None, network: str) -> None:
    """The try was never made, because nobody could look at the password: return it, and what it blocked."""
    with transaction.atomic():
        if device is not None:
            _return_one([(DEVICE, username, str(device.pk)), (DEVICE_DAY, username, str(device.pk))])
            return
        _return_one([(ACCOUNT_NETWORK, username, network), (ACCOUNT, username, ""), (NETWORK, network, "")])
        _return_one_of_all(username)


def put_back(*, scope: str, owner: str, detail: str = "") -> None:
    """Like ``undo_guess`` for one counter that ``take`` moved."""
    _return_one([(scope, owner, detail)])


def take(*, budget: Budget, owner: str, now: datetime, detail: str = "") -> Allowance:
    """Count one try against the budget of ``owner`` (a user name, a network …) and ``detail``; refused while blocked.

    The try that fills a step is still allowed; the wait follows it. A failing database refuses.
    """
    try:
        with transaction.atomic():
            return _take(budget, owner, detail, now)
    except DatabaseError:
        return Allowance(False, UNAVAILABLE)


def clear(*, owner: str, detail: str | None = None, scopes: Sequence[str] = OF_ACCOUNTS) -> int:
    """Forget the tries against ``owner``, or only those with that detail; how many counters were cleared."""
    match = Q(pk__in=[])
    for scope in scopes:
        exact, prefix = _key(scope, owner, detail or ""), _owner_part(scope, owner)
        match |= Q(scope=scope, key__startswith=prefix) if detail is None else Q(scope=scope, key=exact)
    return Throttle.objects.filter(match).delete()[0]


def blocked(*, owner: str, now: datetime) -> list[tuple[str, datetime]]:
    """Which budgets of the account are spent, and until when: for the service center."""
    match = Q(pk__in=[])
    for scope in EVERY_LOCK:
        match |= Q(scope=scope, key__startswith=_owner_part(scope, owner))
    rows = Throttle.objects.filter(match, blocked_until__gt=now).order_by("scope", "blocked_until")
    return [(row.scope, row.blocked_until) for row in rows if row.blocked_until is not None]


def forget_old(*, before: datetime) -> int:
    """Delete counters whose window began before that moment and that block nobody."""
    old = Throttle.objects.filter(window_started_at__lt=before)
    return old.exclude(blocked_until__gte=before).delete()[0]


def _of_known(username: str, device: KnownDevice, now: datetime) -> Allowance:
    mine = _take(of_device(), username, str(device.pk), now)
    if not mine.allowed:
        return mine
    today = counters.count(budget=of_device_day(), key=_key(DEVICE_DAY, username, str(device.pk)), now=now)
    return Allowance(True, last=today is not None and today >= policy().known_device_guesses_per_day)


def _of_strange(username: str, network: str, now: datetime) -> Allowance:
    """Network first, account last: one network cannot spend what all others share faster than its own budgets allow.

    Always in this order, so that two tries at once never wait for each other crosswise.
    """
    for budget, owner, detail in (
        (of_network(), network, ""),
        (of_account_network(), username, network),
        (of_account(), username, ""),
    ):
        allowance = _take(budget, owner, detail, now)
        if not allowance.allowed:
            return allowance
    if _take(of_all(), "", "", now).allowed:
        return allowance
    return _take(of_account_in_flood(), username, "", now)


def guesses(scope: str) -> Budget:
    """AC-7: so many tries in the policy's window, then its lock, for one device, network or session."""
    window, lock = _window_and_lock()
    return Budget(scope, window, ((policy().guesses, lock),))


def _take(budget: Budget, owner: str, detail: str, now: datetime) -> Allowance:
    key = _key(budget.scope, owner, detail)
    if counters.count(budget=budget, key=key, now=now) is not None:
        return Allowance(True)
    until = counters.blocked_until(budget=budget, key=key)
    return Allowance(False, until - now if until else UNAVAILABLE)


def _window_and_lock() -> tuple[timedelta, timedelta]:
    return timedelta(minutes=policy().guess_window_minutes), timedelta(minutes=policy().lock_minutes)


def _return_one(rows: Sequence[tuple[str, str, str]]) -> None:
    """One try less, and no wait: whoever filled the row by it is not there."""
    for scope, owner, detail in rows:
        counters.give_back(scope=scope, key=_key(scope, owner, detail))


def _return_one_of_all(username: str) -> None:
    """To everybody's budget while it is not spent, else to the narrow one that the try then was taken from."""
    if not counters.give_back(scope=ALL, key=_key(ALL, "", ""), even_blocked=False):
        _return_one([(ACCOUNT_FLOOD, username, "")])


def _owner_part(scope: str, owner: str) -> str:
    return _digest(scope, owner)


def _key(scope: str, owner: str, detail: str) -> str:
    """Owner and detail apart, so that all counters of an owner can be found again without their details."""
    return _digest(scope, owner) + _digest(f"{scope}.detail", f"{owner}\0{detail}")


def _digest(purpose: str, text: str) -> str:
    return hmac.digest(_secret(settings.SECRET_KEY), f"{purpose}\0{text}".encode(errors="replace"), "sha256").hex()[
        :_PART
    ]


@lru_cache(maxsize=4)
def _secret(secret_key: str) -> bytes:
    """A key of its own for these digests, made once: a flood is counted here."""
    return hmac.digest(secret_key.encode(), b"extranet.throttle", "sha256")
