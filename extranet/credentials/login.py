"""Signing in (J14, J25): throttle, hash, gate, audit, in this order for known and unknown names alike."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.credentials import devices, throttle
from extranet.credentials.gate import (
    RESET_HELPS,
    Channel,
    Reason,
    Verdict,
    may_enter,
    needs_second_factor,
)
from extranet.credentials.hashing import HashingBusy, check, hash_password
from extranet.credentials.models import Account, ShownPassword
from extranet.credentials.stand_in import is_real, stand_in
from extranet.credentials.username import UsernameRefused, parse

__all__ = ["Channel", "LoginRefused", "Reason", "SignIn", "Verdict", "complete", "may_enter", "sign_in"]

WRONG, RESET_NEEDED, THROTTLED = "wrong", "reset_needed", "throttled"
_NO_NAME = "?"  # first sign of a counted text that is no name


class LoginRefused(Exception):
    """Not let in. ``code`` is all that may be said: WRONG covers every reason that a stranger could learn from.

    RESET_NEEDED comes only after the right password. THROTTLED carries ``retry_after`` in seconds; the page is the
    same as for WRONG.
    """

    def __init__(self, code: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code, self.retry_after = code, retry_after


@dataclass(frozen=True)
class SignIn:
    """Who was let in. With ``needs_second_factor`` nothing has happened yet: check it, then call ``complete``.

    ``device_token`` goes into the device cookie.
    """

    account: Account
    must_change: bool
    needs_agreement: bool
    needs_second_factor: bool
    device_token: str | None = None


def sign_in(*, username: str, password: str, device: str | None, network: str, browser: str, now: datetime) -> SignIn:
    """Let the owner in; raises LoginRefused, HashingBusy. Never call it inside a transaction: it hashes."""
    name = _counted_as(username)
    known = devices.recognise(username=name, token=device)
    allowance = throttle.take_guess(username=name, device=known, network=network, now=now)
    if not allowance.allowed:
        _refuse(name, Reason.THROTTLED, network, now)
        raise LoginRefused(THROTTLED, allowance.retry_after_seconds)
    account = Account.objects.select_related("agent").filter(username=name).first() or stand_in(name)
    try:
        checked = check(password, account.password)
    except HashingBusy:
        throttle.undo_guess(username=name, device=known, network=network)
        raise
    if not checked.right:
        if known is not None and allowance.last:
            devices.forget_spent(device=known, by=Actor.nobody(network), now=now)
        _refuse(name, _why_wrong(account), network, now)
        raise LoginRefused(WRONG)
    verdict = may_enter(account, channel=Channel.PORTAL, now=now)
    if not verdict.allowed:
        _refuse(name, verdict.reason, network, now)
        raise LoginRefused(RESET_NEEDED if verdict.reason in RESET_HELPS else WRONG)
    if checked.outdated:
        _rehash(account, password)
    throttle.give_back_guess(username=name, device=known, network=network)
    if needs_second_factor(account):
        return SignIn(account, verdict.must_change, verdict.needs_agreement, needs_second_factor=True)
    return complete(account=account, device=device, network=network, browser=browser, now=now)


def complete(
    *,
    account: Account,
    device: str | None,
    network: str,
    browser: str,
    now: datetime,
    channel: Channel = Channel.PORTAL,
) -> SignIn:
    """After all factors: note the login, forget a shown password, know the device. Then ``sessions.begin``.

    Raises LoginRefused if the gate closed in the meantime.
    """
    with transaction.atomic():
        fresh = Account.objects.select_for_update(of=("self",)).select_related("agent").get(pk=account.pk)
        verdict = may_enter(fresh, channel=channel, now=now)
        if verdict.allowed:
            _note_login(fresh, now)
            ShownPassword.objects.filter(account=fresh).delete()
            token = devices.mark_known(account=fresh, browser=browser, now=now, token=device)
            detail = {"temporary": fresh.temporary, "known_device": token == device, "channel": channel.value}
            actor = Actor(fresh.kind, fresh.username, network)
            record(action=Action.LOGIN_SUCCEEDED, now=now, actor=actor, subject=fresh.username, detail=detail)
            return SignIn(
                account=fresh,
                must_change=verdict.must_change,
                needs_agreement=verdict.needs_agreement,
                needs_second_factor=False,
                device_token=token,
            )
    _refuse(account.username, verdict.reason, network, now)
    raise LoginRefused(WRONG)


def _counted_as(username: str) -> str:
    """The canonical name; what no account can be called is counted, hashed and answered like an unknown one."""
    try:
        return parse(username)
    except UsernameRefused:
        return _NO_NAME + "".join(filter(str.isprintable, username[:200])).strip().upper()


def _why_wrong(account: Account) -> Reason:
    if not is_real(account):
        return Reason.UNKNOWN
    return Reason.WRONG_PASSWORD if account.password and account.has_usable_password() else Reason.NO_PASSWORD


def _refuse(name: str, reason: Reason, network: str, now: datetime) -> None:
    """What is no user name is not written down: people type passwords into the wrong field."""
    action = Action.LOGIN_THROTTLED if reason is Reason.THROTTLED else Action.LOGIN_REFUSED
    subject = "" if name.startswith(_NO_NAME) else name
    record_refusal(action=action, now=now, actor=Actor.nobody(network), subject=subject, detail={"reason": str(reason)})


def _rehash(account: Account, password: str) -> None:
    encoded = hash_password(password)
    same = Account.objects.filter(pk=account.pk, password=account.password)
    if same.update(password=encoded):
        account.password = encoded


def _note_login(account: Account, now: datetime) -> None:
    """In the row, and in the account as it was read under its lock."""
    account.previous_login_at, account.last_login = account.last_login, now
    account.first_login_at, account.inactive_noted_at = account.first_login_at or now, None
    account.save(update_fields=["previous_login_at", "last_login", "first_login_at", "inactive_noted_at"])
