"""Asking for a reset link (J16 - J22). Known, unknown and barred names get the same answer for the same work.

Asking changes nothing about the account: the old password works on, older links live on.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.credentials import devices, reset_link, throttle
from extranet.credentials.address_mask import decoy, mask
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.mail_keys import keys_of
from extranet.credentials.models import Account
from extranet.credentials.stand_in import is_real, stand_in
from extranet.credentials.throttle import Budget
from extranet.credentials.username import parse
from extranet.mail.catalogue import ResetLinkMail, ResetStartedByStaffMail
from extranet.mail.link_lives import minutes_of
from extranet.mail.outbox import AddressRefused, post
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.vault.tokens import short_code

MAILS, KNOWN_MAILS, NETWORK = "reset-mail", "reset-mail-known", "reset-network"
NO_ADDRESS = "no_address"


class TooManyAsks(Exception):
    """This network asked for very many names; the same for every name. ``retry_after`` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many")
        self.retry_after = retry_after


class ResetRefused(Exception):
    """Staff cannot start a reset for this account; ``reason`` is the gate's, or NO_ADDRESS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Asked:
    """What the confirmation screen says; the code is shown there and stored nowhere in clear."""

    masked_email: str
    code: str = field(repr=False)


class _TakenBack(Exception):
    """Rolls back the work done for a name that gets no mail."""


def begin(*, username: str, network: str, now: datetime) -> str:
    """The canonical name of what was typed. Raises UsernameRefused, TooManyAsks (one network, many names)."""
    name = parse(username)
    allowance = throttle.take(budget=_of_network(), owner=network, now=now)
    if not allowance.allowed:
        record_refusal(action=Action.RESET_THROTTLED, now=now, actor=Actor.nobody(network), detail={"by": NETWORK})
        raise TooManyAsks(allowance.retry_after_seconds)
    return name


def masked_email(*, username: str) -> str:
    """The account's address as anybody may see it; raises UsernameRefused."""
    name = parse(username)
    found = Account.objects.filter(username=name).values_list("agent__email", "staff_email").first()
    return _masked((found[0] or found[1]) if found else "", name)


def ask(*, username: str, network: str, browser_token: str, now: datetime, device_id: str = "") -> Asked:
    """Mail a link if the name has an account that a reset can help; the answer is the same if not.

    ``browser_token`` is the secret of the asking browser's cookie; ``device_id`` a device in which the owner was in
    before: it has mails of its own, which no stranger can spend. Raises UsernameRefused.
    """
    name, code = parse(username), short_code()
    account, actor = _find(name), Actor.nobody(network)
    asked = Asked(_masked(account.address if account else "", name), code)
    known = bool(device_id) and devices.still_known(username=name, device_id=device_id)
    scope, detail = (KNOWN_MAILS, device_id) if known else (MAILS, "")
    if not throttle.take(budget=budget_of_mails(scope), owner=name, detail=detail, now=now).allowed:
        record_refusal(action=Action.RESET_THROTTLED, now=now, actor=actor, subject=name, detail={"by": scope})
        return asked
    with transaction.atomic():
        barred = mail_or_pretend(account or stand_in(name), browser_token, code, now)
        action = Action.RESET_REFUSED if barred else Action.RESET_ASKED
        record(action=action, now=now, actor=actor, subject=name, detail={"reason": barred} if barred else {})
    return asked


def start_by_staff(*, account: Account, by: Actor, now: datetime) -> str:
    """Mail a link for somebody who called; the code that goes with it, to be told on the phone (J17, J19).

    Outside of the hourly number of mails, which a stranger may have spent. Raises ResetRefused.
    """
    verdict = may_enter(account, channel=Channel.RESET, now=now)
    if not verdict.allowed:
        raise ResetRefused(verdict.reason)
    code = short_code()
    try:
        with transaction.atomic():
            made = reset_link.make(account=account, browser_token="", code=code, now=now, by_staff=True)
            mail = ResetStartedByStaffMail(link=made.address, minutes=minutes_of(ResetStartedByStaffMail))
            _post(mail, made, account, account.address, now)
            facts = {"link": str(made.link.pk)}
            record(action=Action.RESET_STARTED_BY_STAFF, now=now, actor=by, subject=account.username, detail=facts)
    except AddressRefused as error:
        raise ResetRefused(NO_ADDRESS) from error
    return code


def mail_or_pretend(account: Account, browser_token: str, code: str, now: datetime) -> str:
    """Make link and mail; take both back where nobody may get them. Why, or nothing if the mail is on its way."""
    barred, to = _barred(account, now), account.address
    try:
        with transaction.atomic():
            made = reset_link.make(account=account, browser_token=browser_token, code=code, now=now)
            mail = ResetLinkMail(link=made.address, minutes=minutes_of(ResetLinkMail))
            _post(mail, made, account, to or f"nobody@{current().system_sender.email.rpartition('@')[2]}", now)
            if barred or not to:
                raise _TakenBack
    except _TakenBack:
        return barred or NO_ADDRESS
    except AddressRefused:
        return barred or NO_ADDRESS
    return ""


def _post(
    mail: ResetLinkMail | ResetStartedByStaffMail,
    made: reset_link.Made,
    account: Account,
    to: str,
    now: datetime,
) -> None:
    key = f"{keys_of(mail.kind, account)}{made.link.pk}"
    post(mail, to=to, about=account.username, key=key, language=account.language, now=now)


def _find(name: str) -> Account | None:
    return Account.objects.select_related("agent").filter(username=name).first()


def _masked(address: str, name: str) -> str:
    """The decoy is made for every name."""
    stranger = decoy(name)
    return mask(address) or stranger


def _barred(account: Account, now: datetime) -> str:
    verdict = may_enter(account, channel=Channel.RESET, now=now)
    if not is_real(account):
        return Reason.UNKNOWN
    return "" if verdict.allowed else verdict.reason


def budget_of_mails(scope: str) -> Budget:
    """So many mails, then an hour without, for a name: known and unknown ones are counted alike."""
    hour = timedelta(hours=1)
    return Budget(scope, hour, ((policy().reset_mails_per_hour, hour),))


def _of_network() -> Budget:
    """One network cannot go through the list of licenses; but many people may share one, so it has a day's guesses."""
    window = timedelta(minutes=policy().guess_window_minutes)
    return Budget(NETWORK, window, ((policy().unknown_device_budget_per_day, window),))
