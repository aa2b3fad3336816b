"""The person changes the own password inside the portal (J26, IA-5(1))."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.credentials import sessions, throttle
from extranet.credentials.choose_password import faults
from extranet.credentials.disable import end_links
from extranet.credentials.gate import standing
from extranet.credentials.hashing import HashingBusy, check, hash_password, prepared
from extranet.credentials.history import PasswordOvertaken, put_in_force, was_used
from extranet.credentials.models import Account
from extranet.mail.catalogue import PasswordChangedMail
from extranet.mail.outbox import post

OLD_WRONG, SAME, USED_BEFORE, THROTTLED, BARRED, OVERTAKEN = (
    "old_wrong",
    "same",
    "used_before",
    "throttled",
    "barred",
    "overtaken",
)


class PasswordRefused(Exception):
    """Nothing was changed. ``reasons`` are codes of this file and of choose_password.py; pages have the words."""

    def __init__(self, reasons: list[str], retry_after: int | None = None) -> None:
        super().__init__(", ".join(reasons))
        self.reasons, self.retry_after = reasons, retry_after


@dataclass(frozen=True)
class Changed:
    """``expires_on`` is the last day of the new password, None if it does not age."""

    expires_on: date | None
    ended_others: int


def change(
    *, account: Account, old: str, new: str, now: datetime, by: Actor, browser: str = "", session_key: str = ""
) -> Changed:
    """Replace the password, end all other sessions and open links, tell the owner by mail.

    ``session_key`` is the session that stays (its Django session needs the new auth hash). Raises PasswordRefused,
    HashingBusy. It hashes: never call it inside a transaction.
    """
    fresh = Account.objects.select_related("agent").get(pk=account.pk)
    reasons, retry_after = _reasons(fresh, old, new, by, now)
    if not reasons:
        encoded = hash_password(new)
        try:
            return _put(fresh, encoded, by, browser, session_key, now)
        except PasswordOvertaken:
            reasons = [OVERTAKEN]
    facts = {"reasons": list(reasons)}
    record_refusal(action=Action.PASSWORD_CHANGE_REFUSED, now=now, actor=by, subject=fresh.username, detail=facts)
    raise PasswordRefused(reasons, retry_after)


def _reasons(account: Account, old: str, new: str, by: Actor, now: datetime) -> tuple[list[str], int | None]:
    if standing(account) is not None:
        return [BARRED], None
    budget = throttle.guesses(throttle.CHANGE)
    allowance = throttle.take(budget=budget, owner=account.username, now=now)
    if not allowance.allowed:
        return [THROTTLED], allowance.retry_after_seconds
    try:
        right = check(old, account.password).right
    except HashingBusy:
        throttle.put_back(scope=throttle.CHANGE, owner=account.username)
        raise
    if not right:
        return [OLD_WRONG], None
    throttle.clear(owner=account.username, detail="", scopes=(throttle.CHANGE,))
    found = faults(new, account=account)
    if prepared(old) == prepared(new):
        found.append(SAME)
    elif not found and was_used(account=account, password=new):
        found.append(USED_BEFORE)
    return found, None


def _put(account: Account, encoded: str, by: Actor, browser: str, session_key: str, now: datetime) -> Changed:
    with transaction.atomic():
        put_in_force(account=account, encoded=encoded, generated=False, now=now)
        end_links(account=account)
        ended = sessions.end_all(account=account, reason="password_changed", by=by, now=now, keep=session_key)
        key = f"{PasswordChangedMail.kind}:{account.username}:{account.password_serial}"
        mail = PasswordChangedMail(when=now, browser="".join(filter(str.isprintable, browser))[:120])
        post(mail, to=account.address, about=account.username, key=key, language=account.language, now=now)
        facts = {"serial": account.password_serial}
        record(action=Action.PASSWORD_CHANGED, now=now, actor=by, subject=account.username, detail=facts)
    return Changed(account.expires_on, ended)
