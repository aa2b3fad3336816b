"""What the owner does with the own factors: look, set up the app, renew codes, remove what is not the last needed one.

The pages ask for a fresh proof first (step_up.py); every change is in the trail and in a mail to the owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction
from django.db.models import QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials import second_factor
from extranet.credentials.factor_notice import APP_ADDED, APP_REMOVED, CODES_RENEWED, PASSKEY_REMOVED, tell
from extranet.credentials.models import Account
from extranet.credentials.passkeys import Held, passkeys_of
from extranet.profile.in_force import policy


class CodeRefused(Exception):
    """The code does not fit the key on the page."""


class LastFactor(Exception):
    """It is the only factor of an account that must have one."""


class NoSuchFactor(Exception):
    """The account has no such factor (any more)."""


@dataclass(frozen=True)
class Factors:
    """The factors of one account. ``codes_left`` counts unused recovery codes."""

    app_since: datetime | None
    passkeys: Sequence[Held]
    codes_left: int
    required: bool

    @property
    def has_any(self) -> bool:
        return self.app_since is not None or bool(self.passkeys)

    @property
    def is_last(self) -> bool:
        """Whether the one that is left may not go."""
        return self.required and (self.app_since is not None) + len(self.passkeys) == 1


def factors_of(account: Account) -> Factors:
    app = _of_type(account, Authenticator.Type.TOTP).first()
    codes = _of_type(account, Authenticator.Type.RECOVERY_CODES).first()
    left = len(RecoveryCodes(codes).get_unused_codes()) if codes else 0
    return Factors(app.created_at if app else None, passkeys_of(account), left, is_required(account))


def is_required(account: Account) -> bool:
    """Staff always (IA-2(1)); agents where policy says so (IA-2(2))."""
    rule = policy().second_factor_staff if account.is_staff_member else policy().second_factor_agents
    return rule == "required"


def set_up_app(
    *, account: Account, token: str, holder: str, code: str, by: Actor, browser: str, now: datetime
) -> list[str]:
    """Bind the app that read the key of ``propose(token, holder)``, in place of an earlier one; the recovery codes.

    They are seen this once. Raises CodeRefused.
    """
    secret = second_factor.propose(username=account.username, token=token, holder=holder).secret
    step = second_factor.fits(secret=secret, code=code, now=now)
    if step is None:
        raise CodeRefused
    with transaction.atomic():
        _lock(account)
        codes = second_factor.activate(account=account, secret=secret, step=step, now=now, by=by)
        tell(account=account, change=APP_ADDED, browser=browser, now=now)
    return codes


def renew_codes(*, account: Account, by: Actor, browser: str, now: datetime) -> list[str]:
    """Ten new recovery codes, the only time they are seen; the old ones are void. Raises NoSuchFactor."""
    with transaction.atomic():
        _lock(account)
        if not _factors(account).exists():
            raise NoSuchFactor
        codes = second_factor.new_codes(account)
        record(action=Action.SECOND_FACTOR_CODES_RENEWED, now=now, actor=by, subject=account.username)
        tell(account=account, change=CODES_RENEWED, browser=browser, now=now)
    return codes


def remove_app(*, account: Account, by: Actor, browser: str, now: datetime) -> None:
    """Raises LastFactor, NoSuchFactor."""
    app = _of_type(account, Authenticator.Type.TOTP)
    with transaction.atomic():
        _remove(account, app, Action.SECOND_FACTOR_REMOVED, by=by, now=now)
        tell(account=account, change=APP_REMOVED, browser=browser, now=now)


def remove_passkey(*, account: Account, passkey_id: int, by: Actor, browser: str, now: datetime) -> None:
    """Raises LastFactor, NoSuchFactor: also for a passkey of somebody else."""
    one = _of_type(account, Authenticator.Type.WEBAUTHN).filter(pk=passkey_id)
    with transaction.atomic():
        _remove(account, one, Action.PASSKEY_REMOVED, by=by, now=now)
        tell(account=account, change=PASSKEY_REMOVED, browser=browser, now=now)


def _remove(account: Account, which: QuerySet[Authenticator], action: Action, *, by: Actor, now: datetime) -> None:
    """The account is locked first: two removals at once must not each count the other's factor as staying."""
    _lock(account)
    gone = list(which.values_list("pk", flat=True))
    if not gone:
        raise NoSuchFactor
    stays = _factors(account).exclude(pk__in=gone).exists()
    if not stays and is_required(account):
        raise LastFactor
    if stays:
        Authenticator.objects.filter(pk__in=gone).delete()
    else:
        second_factor.forget_all(account)  # recovery codes replace a factor; without one they open nothing
    record(action=action, now=now, actor=by, subject=account.username, detail={"last": not stays})


def _lock(account: Account) -> None:
    Account.objects.select_for_update().get(pk=account.pk)


def _of_type(account: Account, kind: str) -> QuerySet[Authenticator]:
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=account, type=kind)
    return found


def _factors(account: Account) -> QuerySet[Authenticator]:
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=account)
    return found.exclude(type=Authenticator.Type.RECOVERY_CODES)
