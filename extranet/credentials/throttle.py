"""Budgets of guesses, as rows moved by one atomic UPDATE. Fails closed: no database, no guess (AC-7, delay branch).

User names are public, so no counter may lock the owner out. A device in which the owner proved to be the owner has a
budget of its own. All other devices share one an account, with growing delays, behind one an account and network and
one a network. The reset link is outside of all of these and clears them. Unknown names are counted like known ones.
Keys are keyed digests: no list of names or networks stands here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import DatabaseError, transaction
from django.db.models import Case, DateTimeField, F, IntegerField, Q, Value, When
from django.utils.crypto import salted_hmac

from extranet.credentials.models import KnownDevice, Throttle
from extranet.profile.in_force import policy

DEVICE, ACCOUNT_NETWORK, ACCOUNT, NETWORK = "login-device", "login-account-network", "login-account", "login-network"
CHANGE = "change-password"  # the old password, asked again inside a session
PASSKEY = "login-passkey"  # challenges that one network may ask for
SECOND_FACTOR = "second-factor"  # outside of OF_ACCOUNTS: a reset must not buy more codes to guess
OF_ACCOUNTS = (DEVICE, ACCOUNT_NETWORK, ACCOUNT, CHANGE)
EVERY_LOCK = (*OF_ACCOUNTS, SECOND_FACTOR)
UNAVAILABLE = timedelta(minutes=1)  # what is asked of people while the counters cannot be reached
FREE_TRIES = 10  # of the shared budget of an account before its delays begin
LONGEST_DELAY = timedelta(minutes=15)  # so that the shared budget lasts about a day
_PART = 32


@dataclass(frozen=True)
class Budget:
    """So many tries in a window. ``delays``: from that try on, wait so long after it; sorted by try."""

    scope: str
    window: timedelta
    delays: Sequence[tuple[int, timedelta]]


@dataclass(frozen=True)
class Allowance:
    """Whether the try may be made; if not, when to come back."""

    allowed: bool
    retry_after: timedelta = timedelta(0)

    @property
    def retry_after_seconds(self) -> int:
        """For the Retry-After header: whole seconds, rounded up."""
        return ceil(self.retry_after.total_seconds())


def of_device() -> Budget:
    return guesses(DEVICE)


def of_account_network() -> Budget:
    return guesses(ACCOUNT_NETWORK)


def of_network() -> Budget:
    """Many people may share a network, so it has the day's budget of one account in one short window."""
    window, lock = _window_and_lock()
    return Budget(NETWORK, window, ((policy().unknown_device_budget_per_day, lock),))


def of_account() -> Budget:
    """The one that all unknown devices share: ten tries at once, then 1, 2, 4 … seconds, at last the day's end."""
    day, limit = timedelta(days=1), policy().unknown_device_budget_per_day
    steps = [(FREE_TRIES + n, min(timedelta(seconds=2**n), LONGEST_DELAY)) for n in range(11)]
    return Budget(ACCOUNT, day, (*(step for step in steps if step[0] < limit), (limit, day)))


def take_guess(*, username: str, device: KnownDevice | None, network: str, now: datetime) -> Allowance:
    """Take one try of all budgets that apply, before the password is looked at. Call it outside of transactions."""
    try:
        with transaction.atomic():  # one commit for all of them
            return _take_all(_budgets(username, device, network), now)
    except DatabaseError:
        return Allowance(False, UNAVAILABLE)


def give_back_guess(*, username: str, device: KnownDevice | None, network: str) -> None:
    """The try was the owner's: clear what only the owner can have spent, return one to what others share."""
    if device is not None:
        clear(owner=username, detail=str(device.pk), scopes=(DEVICE,))
        return
    clear(owner=username, detail=network, scopes=(ACCOUNT_NETWORK,))
    for scope, owner in ((ACCOUNT, username), (NETWORK, network)):
        rows = Throttle.objects.filter(scope=scope, key=_key(scope, owner, ""), count__gt=0)
        rows.update(count=F("count") - 1, blocked_until=None)


def take(*, budget: Budget, owner: str, now: datetime, detail: str = "") -> Allowance:
    """Count one try against the budget of ``owner`` (a user name, a network …) and ``detail``; refused while blocked.

    The try that fills a step is still allowed; the wait follows it. A failing database refuses.
    """
    key = _key(budget.scope, owner, detail)
    try:
        with transaction.atomic():
            fresh = Throttle(scope=budget.scope, key=key, window_started_at=now)
            Throttle.objects.bulk_create([fresh], ignore_conflicts=True)
            rows = Throttle.objects.filter(scope=budget.scope, key=key)
            if rows.filter(Q(blocked_until=None) | Q(blocked_until__lte=now)).update(**_next(budget, now)):
                return Allowance(True)
            blocked_until = rows.values_list("blocked_until", flat=True).first()
    except DatabaseError:
        return Allowance(False, UNAVAILABLE)
    return Allowance(False, blocked_until - now if blocked_until else UNAVAILABLE)


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


def _budgets(username: str, device: KnownDevice | None, network: str) -> list[tuple[Budget, str, str]]:
    """Network first, account last: one network cannot spend what all others share faster than its own budgets allow."""
    if device is not None:
        return [(of_device(), username, str(device.pk))]
    return [(of_network(), network, ""), (of_account_network(), username, network), (of_account(), username, "")]


def _take_all(budgets: list[tuple[Budget, str, str]], now: datetime) -> Allowance:
    for budget, owner, detail in budgets:
        allowance = take(budget=budget, owner=owner, detail=detail, now=now)
        if not allowance.allowed:
            return allowance
    return Allowance(True)


def guesses(scope: str) -> Budget:
    """AC-7: so many tries in the policy's window, then its lock, for one device, network or session."""
    window, lock = _window_and_lock()
    return Budget(scope, window, ((policy().guesses, lock),))


def _window_and_lock() -> tuple[timedelta, timedelta]:
    return timedelta(minutes=policy().guess_window_minutes), timedelta(minutes=policy().lock_minutes)


def _next(budget: Budget, now: datetime) -> dict[str, Case]:
    """The row after one more try, computed by the database: two tries at once are two."""
    over = When(window_started_at__lte=now - budget.window, then=Value(now))
    steps = [When(_at(budget, tries, now), then=Value(now + wait)) for tries, wait in reversed(budget.delays)]
    return {
        "window_started_at": Case(over, default=F("window_started_at"), output_field=DateTimeField()),
        "count": Case(
            When(window_started_at__lte=now - budget.window, then=Value(1)),
            default=F("count") + 1,
            output_field=IntegerField(),
        ),
        "blocked_until": Case(*steps, default=Value(None), output_field=DateTimeField()),
    }


def _at(budget: Budget, tries: int, now: datetime) -> Q:
    inside = Q(window_started_at__gt=now - budget.window, count__gte=tries - 1)
    return inside | Q(window_started_at__lte=now - budget.window) if tries <= 1 else inside


def _owner_part(scope: str, owner: str) -> str:
    return salted_hmac(f"extranet.throttle.{scope}", owner, algorithm="sha256").hexdigest()[:_PART]


def _key(scope: str, owner: str, detail: str) -> str:
    """Owner and detail apart, so that all counters of an owner can be found again without their details."""
    own = salted_hmac(f"extranet.throttle.{scope}.detail", f"{owner}\0{detail}", algorithm="sha256").hexdigest()
    return _owner_part(scope, owner) + own[:_PART]
