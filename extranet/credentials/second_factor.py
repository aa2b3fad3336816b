"""The second factor (IA-2): django-allauth's TOTP and recovery codes, sealed by our keyring, each code worth one login.

None of allauth's pages is mounted; these functions are the only use of it. Whether a code was used stands in a row of
ours (docs/decisions/0002).
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import urlencode

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.credentials import throttle
from extranet.credentials.models import Account, TotpStep
from extranet.credentials.throttle import Budget
from extranet.credentials.username import shown
from extranet.keyring.ring import open_text, seal_text
from extranet.profile.in_force import policy
from extranet.profile.loader import current

STEP_SECONDS = 30
TOLERATED_STEPS = 1  # a clock may be half a minute off in each direction
SECRET_BYTES = 20
PURPOSE = "second_factor"


class SecondFactorRefused(Exception):
    """The code does not fit, was used already, or too many were tried: then ``retry_after`` says the seconds."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("refused")
        self.retry_after = retry_after


class SealedMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth publishes no types
    """allauth's hook for secrets at rest: sealed under the keyring's key for second factors."""

    def encrypt(self, text: str) -> str:
        """allauth hands no clock along; the moment only dates the key where this is its first use."""
        return base64.b64encode(seal_text(PURPOSE, text, "allauth.mfa", now=timezone.now())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return open_text(PURPOSE, base64.b64decode(encrypted_text), "allauth.mfa")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the host of the configured base URL, whatever Host a request names."""
        return {"id": urlsplit(settings.EXTRANET.portal).hostname or "localhost", "name": current().portal_name}

    def get_public_key_credential_user_entity(self, user: Account) -> dict[str, object]:
        """The handle is the account's random id: it tells nobody a name."""
        return {"id": user.pk.hex.encode(), "name": shown(user.username), "display_name": shown(user.username)}


@dataclass(frozen=True)
class Proposal:
    """A secret to be taken into an authenticator app: as text in groups of four, and as the address a QR code holds."""

    secret: str = field(repr=False)
    address: str = field(repr=False)

    @property
    def grouped(self) -> str:
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))


def propose(*, username: str, token: str, holder: str) -> Proposal:
    """The secret that goes with a one-use enrolment token in one browser: the same on every look there.

    ``holder`` is that browser's own secret. Who sees the link before its owner (a mail scanner, a second reader of the
    mailbox) is shown another secret than the one that the owner takes.
    """
    raw = salted_hmac("extranet.totp.proposal", f"{token}\0{holder}", algorithm="sha256").digest()[:SECRET_BYTES]
    secret = base64.b32encode(raw).decode()
    issuer = current().portal_name
    words = urlencode({"secret": secret, "issuer": issuer})
    return Proposal(secret, f"otpauth://totp/{issuer.replace(' ', '%20')}:{username.replace(chr(92), '%5C')}?{words}")


def fits(*, secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, within the tolerated clock error; None where it fits none."""
    digits = "".join(sign for sign in code if not sign.isspace())
    middle = int(now.timestamp()) // STEP_SECONDS
    for step in range(middle - TOLERATED_STEPS, middle + TOLERATED_STEPS + 1):
        if constant_time_compare(format_hotp_value(hotp_value(secret, step)), digits):
            return step
    return None


def code_at(*, secret: str, now: datetime) -> str:
    """The code that an authenticator app shows at that moment."""
    return str(format_hotp_value(hotp_value(secret, int(now.timestamp()) // STEP_SECONDS)))


def activate(*, account: Account, secret: str, step: int, now: datetime, by: Actor) -> list[str]:
    """Bind the secret to the account, replacing an earlier one; ten recovery codes, the only time they are seen.

    ``step`` is what ``fits`` answered for the proving code, which is spent with it. Passkeys stay.
    """
    with transaction.atomic():
        Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).delete()
        TOTP.activate(account, secret)
        codes = new_codes(account)
        TotpStep.objects.update_or_create(account=account, defaults={"last_step": step})
        throttle.clear(owner=account.username, scopes=(throttle.SECOND_FACTOR,))
        record(action=Action.SECOND_FACTOR_ENROLLED, now=now, actor=by, subject=account.username)
    return codes


def new_codes(account: Account) -> list[str]:
    """Ten fresh recovery codes; earlier ones are void."""
    Authenticator.objects.filter(user=account, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(account).generate_codes()
    return codes


def forget_all(account: Account) -> int:
    """Delete every factor: app, passkeys, recovery codes; how many there were. Call it inside the act's transaction."""
    TotpStep.objects.filter(account=account).delete()
    mine = Authenticator.objects.filter(user=account)
    found: int = mine.count()
    mine.delete()
    return found


def is_enrolled(*, account: Account) -> bool:
    """Whether an authenticator app is bound; passkeys: passkeys.py."""
    return bool(Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).exists())


def secret_of(account: Account) -> str:
    """The account's TOTP secret in clear: for checking, and for the page of codes in the demonstration."""
    row = Authenticator.objects.get(user=account, type=Authenticator.Type.TOTP)
    return SealedMFAAdapter().decrypt(row.data["secret"])


def prove(*, account: Account, code: str, network: str, now: datetime) -> None:
    """Take a TOTP or recovery code, once. Raises SecondFactorRefused; each try is counted before it is looked at."""
    allowance = throttle.take(budget=_budget(), owner=account.username, now=now)
    actor = Actor(account.kind, account.username, network)
    if not allowance.allowed or not _takes(account, code, now):
        record_refusal(action=Action.SECOND_FACTOR_REFUSED, now=now, actor=actor, subject=account.username)
        raise SecondFactorRefused(None if allowance.allowed else allowance.retry_after_seconds)
    with transaction.atomic():
        throttle.clear(owner=account.username, scopes=(throttle.SECOND_FACTOR,))
        record(action=Action.SECOND_FACTOR_SUCCEEDED, now=now, actor=actor, subject=account.username)


def _takes(account: Account, code: str, now: datetime) -> bool:
    app = is_enrolled(account=account)
    step = fits(secret=secret_of(account), code=code, now=now) if app else None
    if step is None:
        return _takes_recovery(account, code)
    TotpStep.objects.get_or_create(account=account)
    return bool(TotpStep.objects.filter(account=account, last_step__lt=step).update(last_step=step))


def _takes_recovery(account: Account, code: str) -> bool:
    row = Authenticator.objects.filter(user=account, type=Authenticator.Type.RECOVERY_CODES).first()
    return row is not None and bool(RecoveryCodes(row).validate_code(code))


def _budget() -> Budget:
    """Five tries, then half an hour (AC-7): only who knows the password comes this far, so no stranger can spend it."""
    wait = timedelta(minutes=policy().lock_minutes)
    return Budget(throttle.SECOND_FACTOR, timedelta(minutes=policy().guess_window_minutes), ((policy().guesses, wait),))
