"""Passkeys of an account: added with a name, counted, used as second or only factor (IA-2(1), IA-2(2))."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import IntegrityError, transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.credentials import throttle
from extranet.credentials.factor_notice import PASSKEY_ADDED, tell
from extranet.credentials.gate import RESET_HELPS, Channel, may_enter
from extranet.credentials.login import RESET_NEEDED, THROTTLED, WRONG, LoginRefused, SignIn, complete
from extranet.credentials.models import Account, ChallengePurpose, Passkey
from extranet.credentials.passkey_ceremony import Answer, PasskeyRefused, Proven, attested, begin, proven, read_answer
from extranet.credentials.second_factor import new_codes
from extranet.profile.in_force import policy
from extranet.vault.tokens import digest

MOST = 10  # passkeys an account
LONGEST_NAME = 60


class NameRefused(Exception):
    """The name of a new passkey is blank or too long, or there are too many; the message says which."""


@dataclass(frozen=True)
class Held:
    """A passkey as its owner sees it. ``alone``: it opens the account without the password."""

    id: int
    name: str
    added_at: datetime
    last_used_at: datetime | None
    alone: bool


def passkeys_of(account: Account) -> Sequence[Held]:
    """The account's passkeys, oldest first."""
    rows = Passkey.objects.select_related("authenticator").filter(authenticator__user=account)
    return [
        Held(one.id, one.data["name"], one.created_at, one.last_used_at, row.alone)
        for row in rows.order_by("authenticator_id")
        for one in (row.authenticator,)
    ]


def add(*, account: Account, name: str, answer: str, holder: str, by: Actor, browser: str, now: datetime) -> list[str]:
    """Bind the passkey that answered; recovery codes if these are the first factors, to be seen once.

    Raises NameRefused (nothing is spent) and PasskeyRefused.
    """
    called = _name(name, account)
    try:
        parsed = read_answer(answer)
        data = attested(account=account, answer=parsed, holder=holder, now=now)
        if data.credential_data is None:
            raise PasskeyRefused("no_credential", account)
        with transaction.atomic():
            Account.objects.select_for_update().get(pk=account.pk)
            row = WebAuthn.add(account, called, _kept(parsed)).instance
            alone = bool(WebAuthn(row).is_passwordless) and data.is_user_verified()
            credential = digest(data.credential_data.credential_id.hex())
            Passkey.objects.create(
                authenticator=row, credential_digest=credential, sign_count=data.counter, alone=alone
            )
            codes = [] if _has_codes(account) else new_codes(account)
            record(action=Action.PASSKEY_ADDED, now=now, actor=by, subject=account.username, detail={"alone": alone})
            tell(account=account, change=PASSKEY_ADDED, browser=browser, now=now)
            return codes
    except IntegrityError as error:
        _refuse("known_already", account, by, now)
        raise PasskeyRefused("known_already", account) from error
    except PasskeyRefused as refused:
        _refuse(refused.reason, account, by, now)
        raise


def prove(
    *, account: Account, purpose: ChallengePurpose, answer: str, holder: str, network: str, now: datetime
) -> None:
    """Take a passkey's answer as second factor of that account; raises PasskeyRefused."""
    actor = Actor(account.kind, account.username, network)
    with transaction.atomic():
        found = _taken(purpose=purpose, account=account, answer=answer, holder=holder, by=actor, now=now)
        if isinstance(found, Proven):
            throttle.clear(owner=account.username, scopes=(throttle.SECOND_FACTOR,))
            detail = {"by": "passkey"}
            record(action=Action.SECOND_FACTOR_SUCCEEDED, now=now, actor=actor, subject=account.username, detail=detail)
            return
    _refuse(found.reason, account, actor, now)
    raise found


def ask_for_login(*, holder: str, network: str, now: datetime) -> dict[str, object]:
    """A challenge for anybody, so counted by network; raises LoginRefused."""
    wait = timedelta(minutes=policy().lock_minutes)
    window = timedelta(minutes=policy().guess_window_minutes)
    budget = throttle.Budget(throttle.PASSKEY, window, ((policy().unknown_device_budget_per_day, wait),))
    allowance = throttle.take(budget=budget, owner=network, now=now)
    if not allowance.allowed:
        actor = Actor.nobody(network)
        record_refusal(action=Action.LOGIN_THROTTLED, now=now, actor=actor, detail={"channel": Channel.PASSKEY.value})
        raise LoginRefused(THROTTLED, allowance.retry_after_seconds)
    return begin(purpose=ChallengePurpose.LOGIN, account=None, holder=holder, now=now)


def sign_in(*, answer: str, holder: str, device: str | None, network: str, browser: str, now: datetime) -> SignIn:
    """Let the owner in by a passkey alone. Raises LoginRefused: what bars the password bars the passkey, and who holds
    the right passkey hears as much as who knows the right password."""
    nobody = Actor.nobody(network)
    with transaction.atomic():
        purpose = ChallengePurpose.LOGIN
        found = _taken(purpose=purpose, account=None, answer=answer, holder=holder, by=nobody, now=now)
    if not isinstance(found, Proven):
        _refuse(found.reason, found.account, nobody, now)
        raise LoginRefused(WRONG)
    account = found.account
    verdict = may_enter(account, channel=Channel.PASSKEY, now=now)
    if not verdict.allowed:
        detail = {"reason": str(verdict.reason), "channel": Channel.PASSKEY.value}
        record_refusal(action=Action.LOGIN_REFUSED, now=now, actor=nobody, subject=account.username, detail=detail)
        raise LoginRefused(RESET_NEEDED if verdict.reason in RESET_HELPS else WRONG)
    return complete(account=account, device=device, network=network, browser=browser, now=now, channel=Channel.PASSKEY)


def _taken(
    *, purpose: ChallengePurpose, account: Account | None, answer: str, holder: str, by: Actor, now: datetime
) -> Proven | PasskeyRefused:
    """The answer, counted; a refusal is handed back, so that the spent challenge stays spent."""
    try:
        found = proven(purpose=purpose, account=account, answer=read_answer(answer), holder=holder, now=now)
    except PasskeyRefused as refused:
        return refused
    if not _rises(found):
        return PasskeyRefused(COUNTER_BACK, found.account)
    Authenticator.objects.filter(pk=found.authenticator.pk).update(last_used_at=now)
    return found


COUNTER_BACK = "counter_back"


def _rises(found: Proven) -> bool:
    """One UPDATE, so that of two copies that answer at once with one count, one is refused."""
    mine = Passkey.objects.filter(authenticator=found.authenticator)
    if found.count == 0:
        return mine.filter(sign_count=0).exists()  # it counts nothing, and never did
    return bool(mine.filter(sign_count__lt=found.count).update(sign_count=found.count))


def _refuse(reason: str, account: Account | None, by: Actor, now: datetime) -> None:
    action = Action.PASSKEY_COUNTER_BACK if reason == COUNTER_BACK else Action.PASSKEY_REFUSED
    subject = account.username if account else ""
    record_refusal(action=action, now=now, actor=by, subject=subject, detail={"reason": reason})


def _name(name: str, account: Account) -> str:
    called = " ".join("".join(filter(str.isprintable, name)).split())
    if not called:
        raise NameRefused("Give it a name by which you will know it again.")
    if len(called) > LONGEST_NAME:
        raise NameRefused(f"The name may have {LONGEST_NAME} characters at most.")
    if len(passkeys_of(account)) >= MOST:
        raise NameRefused(f"An account has {MOST} passkeys at most. Remove one first.")
    return called


def _has_codes(account: Account) -> bool:
    return bool(Authenticator.objects.filter(user=account, type=Authenticator.Type.RECOVERY_CODES).exists())


def _kept(answer: Answer) -> dict[str, object]:
    """What allauth reads again later, and nothing else that a browser may send along."""
    response, results = answer["response"], answer.get("clientExtensionResults") or {}
    found = bool((results.get("credProps") or {}).get("rk")) if isinstance(results, dict) else False
    return {
        **{key: answer[key] for key in ("id", "rawId", "type")},
        "response": {key: response[key] for key in ("clientDataJSON", "attestationObject")},
        "clientExtensionResults": {"credProps": {"rk": found}},
    }
