"""Warnings and locks (J26, J27). The gate alone decides who is locked; this run mails and notes, once a password.

The policy names the rungs of a ladder: so many days before the last one. Each is said once a password; rungs that were
missed become one mail with the days that are left. "Once" is a conditional UPDATE of the serial that was warned about
and the days that were told: it holds whatever runs twice, fails or is restored.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from extranet.agents.models import CertificationStatus
from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.credentials.book_grants import has_any
from extranet.credentials.models import Account
from extranet.credentials.warning_mail import warning_key, warning_keys
from extranet.mail.catalogue import ExpiryWarningMail
from extranet.mail.outbox import AddressRefused, cancel, post
from extranet.policy import local_day, rung_in_force
from extranet.profile.in_force import policy, zone

RUN = Actor.system("expiry")


@dataclass(frozen=True)
class Expired:
    """How many were warned, found expired and found inactive by this run."""

    warned: int
    locked: int
    inactive: int


def expire(*, now: datetime) -> Expired:
    """Warn whose password reached a rung of the policy's ladder, note whose has ended. Safe to repeat and to run at
    once."""
    warned = sum(_warn(account, now) for account in _on_a_rung(local_day(now, zone())))
    over = Account.objects.filter(expires_on__lt=local_day(now, zone()), expired_noted_serial__lt=F("password_serial"))
    locked = sum(_note_expired(account, now) for account in over)
    return Expired(warned, locked, sum(_note_inactive(account, now) for account in _gone_quiet(now)))


def _on_a_rung(today: date) -> QuerySet[Account]:
    """Who may have to be warned: the hour is asked account by account."""
    rungs = [Q(expires_on__lte=today + timedelta(days=rung)) & _not_warned_on(rung) for rung in policy().warning_days]
    return _open_to_all().filter(reduce(or_, rungs, Q(pk=None)), expires_on__gte=today)


def _not_warned_on(rung: int) -> Q:
    """No warning of this password said so few days, or fewer. Compared are days that were told, not rungs: so a ladder
    that grows or shrinks repeats nothing, and a clock that was set back has nothing to say."""
    return Q(warned_serial__lt=F("password_serial")) | Q(warned_days__gt=rung)


def _open_to_all() -> QuerySet[Account]:
    """Whom nothing but the calendar will lock: a warning would mislead the others."""
    certified = Q(agent=None) | Q(agent__status=CertificationStatus.CERTIFIED)
    mine = Account.objects.filter(certified, disabled_at=None, revoked_at=None, temporary=False)
    return mine.select_related("agent").order_by("username")


def _warn(account: Account, now: datetime) -> bool:
    rung = rung_in_force(account.expires_on, now, policy(), zone())
    if rung is None or account.expires_on is None or (account.is_agency_staff and not has_any(account, now)):
        return False
    days, serial = (account.expires_on - local_day(now, zone())).days, account.password_serial
    same = Account.objects.filter(pk=account.pk, password_serial=serial, expires_on=account.expires_on)
    try:
        with transaction.atomic():
            if not same.filter(_not_warned_on(rung)).update(warned_serial=serial, warned_days=days):
                return False
            mail = ExpiryWarningMail(expires_on=account.expires_on, days=days)
            key, to = warning_key(account, rung), account.address
            post(mail, to=to, about=account.username, key=key, language=account.language, now=now)
            _record(Action.PASSWORD_WARNED, account, now, {"days": days})
    except AddressRefused:  # tried again by the next run, the address may be mended until then
        return False
    return True


def _note_expired(account: Account, now: datetime) -> bool:
    serial = account.password_serial
    with transaction.atomic():
        once = Account.objects.filter(pk=account.pk, password_serial=serial, expired_noted_serial__lt=serial)
        if not once.update(expired_noted_serial=serial):
            return False
        cancel(key_prefix=warning_keys(account), now=now)  # "expires in a day" is no longer true
        _record(Action.PASSWORD_EXPIRED, account, now, {})
    return True


def _gone_quiet(now: datetime) -> QuerySet[Account]:
    """AC-2(3): nobody came in for the policy's days since the later of issue and last login."""
    cutoff = now - timedelta(days=policy().inactivity_days)
    quiet = Account.objects.annotate(since=Coalesce("issued_at", "created_at")).filter(since__lte=cutoff)
    quiet = quiet.filter(Q(last_login=None) | Q(last_login__lte=cutoff))
    return quiet.filter(disabled_at=None, inactive_noted_at=None)


def _note_inactive(account: Account, now: datetime) -> bool:
    with transaction.atomic():
        once = Account.objects.filter(pk=account.pk, last_login=account.last_login, inactive_noted_at=None)
        if not once.update(inactive_noted_at=now):
            return False
        record(action=Action.ACCOUNT_INACTIVE, now=now, actor=RUN, subject=account.username)
    return True


def _record(action: Action, account: Account, now: datetime, facts: dict[str, JsonValue]) -> None:
    expires_on = account.expires_on.isoformat() if account.expires_on else None
    detail: dict[str, JsonValue] = {"serial": account.password_serial, "expires_on": expires_on, **facts}
    record(action=action, now=now, actor=RUN, subject=account.username, detail=detail)
