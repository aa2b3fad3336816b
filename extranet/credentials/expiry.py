"""Warnings and locks (J26, J27). The gate alone decides who is locked; this run mails and notes, once a password.

"Once" is a conditional UPDATE of the serial that was warned about: it holds whatever runs twice, fails or is restored.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from extranet.agents.models import CertificationStatus
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.book_grants import has_any
from extranet.credentials.models import Account
from extranet.mail.catalogue import ExpiryWarningMail
from extranet.mail.outbox import AddressRefused, post
from extranet.policy import local_day, warning_is_due
from extranet.profile.in_force import policy, zone

RUN = Actor.system("expiry")


@dataclass(frozen=True)
class Expired:
    """How many were warned, found expired and found inactive by this run."""

    warned: int
    locked: int
    inactive: int


def expire(*, now: datetime) -> Expired:
    """Warn whose password ends within the policy's days, note whose has ended. Safe to repeat and to run at once."""
    today = local_day(now, zone())
    soon = _open_to_all().filter(expires_on__range=(today, today + timedelta(days=policy().warning_days)))
    warned = sum(_warn(account, now) for account in soon.filter(warned_serial__lt=F("password_serial")))
    over = Account.objects.filter(expires_on__lt=today, expired_noted_serial__lt=F("password_serial"))
    locked = sum(_note_expired(account, now) for account in over)
    return Expired(warned, locked, sum(_note_inactive(account, now) for account in _gone_quiet(now)))


def _open_to_all() -> QuerySet[Account]:
    """Whom nothing but the calendar will lock: a warning would mislead the others."""
    certified = Q(agent=None) | Q(agent__status=CertificationStatus.CERTIFIED)
    mine = Account.objects.filter(certified, disabled_at=None, revoked_at=None, temporary=False)
    return mine.select_related("agent").order_by("username")


def _warn(account: Account, now: datetime) -> bool:
    if account.expires_on is None or not warning_is_due(account.expires_on, now, policy(), zone()):
        return False
    if account.is_agency_staff and not has_any(account, now):
        return False
    days = (account.expires_on - local_day(now, zone())).days
    serial = account.password_serial
    try:
        with transaction.atomic():
            once = Account.objects.filter(pk=account.pk, password_serial=serial, warned_serial__lt=serial)
            if not once.update(warned_serial=serial):
                return False
            mail = ExpiryWarningMail(expires_on=account.expires_on, days=days)
            key = f"{mail.kind}:{account.username}:{serial}"
            post(mail, to=account.address, about=account.username, key=key, language=account.language, now=now)
            _record(Action.PASSWORD_WARNED, account, now)
    except AddressRefused:  # tried again by the next run, the address may be mended until then
        return False
    return True


def _note_expired(account: Account, now: datetime) -> bool:
    serial = account.password_serial
    with transaction.atomic():
        once = Account.objects.filter(pk=account.pk, password_serial=serial, expired_noted_serial__lt=serial)
        if not once.update(expired_noted_serial=serial):
            return False
        _record(Action.PASSWORD_EXPIRED, account, now)
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


def _record(action: Action, account: Account, now: datetime) -> None:
    expires_on = account.expires_on.isoformat() if account.expires_on else None
    detail = {"serial": account.password_serial, "expires_on": expires_on}
    record(action=action, now=now, actor=RUN, subject=account.username, detail=detail)
