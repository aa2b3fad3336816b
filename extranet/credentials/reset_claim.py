"""Claiming a reset link (J23, J24): the one way to a new password here, and it works once.

The link is taken before anything is hashed, and one conditional UPDATE of its row decides. All that hangs on it is in
the same transaction, so that a crash anywhere leaves either the old password and a living link, or everything done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from extranet.agents import change_email
from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.credentials import devices, reset_shown, sessions, throttle
from extranet.credentials.choose_password import faults
from extranet.credentials.disable import end_links
from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force, was_used
from extranet.credentials.issue import Generated, generate, issue_password
from extranet.credentials.mail_keys import keys_of
from extranet.credentials.models import Account, ResetLink
from extranet.credentials.password_mail import KIND as PASSWORD_MAIL
from extranet.credentials.reset_ask import KNOWN_MAILS, MAILS
from extranet.credentials.reset_link import TRIES, ResetOver, asked_here, code_digest, living
from extranet.mail.catalogue import PasswordWasResetMail, PickUpMail, ResetLinkMail, ResetStartedByStaffMail
from extranet.mail.outbox import AddressRefused, cancel, post
from extranet.profile.in_force import policy
from extranet.vault.tokens import same

WRONG_CODE, RACED, USED_BEFORE = "wrong_code", "raced", "used_before"
HASHED_WITHIN = timedelta(seconds=30)  # far more than a hash and its history take; then a crash is assumed
OUTDATED_MAILS = (PASSWORD_MAIL, PickUpMail.kind, ResetLinkMail.kind, ResetStartedByStaffMail.kind)


class CodeRefused(Exception):
    """Not the code of the confirmation screen; the try was counted."""

    def __init__(self, username: str) -> None:
        super().__init__(WRONG_CODE)
        self.username = username


class ChoiceRefused(Exception):
    """The chosen password will not do; ``reasons`` are codes of choose_password.py. The link lives on."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Claimed:
    """The new password (blank where the person chose it), and the token with which this browser sees it again."""

    username: str
    link_id: UUID
    password: str = field(repr=False)
    shown_token: str = field(repr=False)
    device_token: str = field(repr=False)


@dataclass(frozen=True)
class _Here:
    """Where the claim comes from."""

    network: str
    browser: str
    device: str | None
    now: datetime


def claim(
    *,
    token: str,
    browser_token: str,
    code: str,
    network: str,
    browser: str,
    now: datetime,
    device: str | None = None,
    chosen: str = "",
) -> Claimed:
    """Spend the link for a new password: generated, or ``chosen`` where policy lets people choose.

    ``browser_token`` must be the asking browser's, else ``code`` the confirmation screen's. Raises ResetOver,
    CodeRefused, ChoiceRefused, HashingBusy. It hashes: never call it inside a transaction.
    """
    here = _Here(network, browser, device, now)
    try:
        link = living(token=token, now=now)
        if not asked_here(link, browser_token):
            _require_code(link, token, code)
        with _taken(link, now):
            made = _chosen(link.account, chosen) if policy().reset_gives == "chosen" else generate()
            return _claim(link, made, here)
    except ResetOver as over:
        note_refusal(reason=over.reason, username=over.username, network=network, now=now)
        raise
    except CodeRefused as refused:
        note_refusal(reason=WRONG_CODE, username=refused.username, network=network, now=now)
        raise


def note_refusal(*, reason: str, username: str, network: str, now: datetime) -> None:
    """A person's try to claim that came to nothing. Mere looking is not recorded: scanners look all day."""
    actor, detail = Actor.nobody(network), {"reason": str(reason), "step": "claim"}
    record_refusal(action=Action.RESET_REFUSED, now=now, actor=actor, subject=username, detail=detail)


def _require_code(link: ResetLink, token: str, code: str) -> None:
    """Count the try, then compare; the right one gives its try back (the machine may still be too busy to go on)."""
    mine = ResetLink.objects.filter(pk=link.pk)
    if not mine.filter(code_tries__lt=policy().reset_code_tries).update(code_tries=F("code_tries") + 1):
        raise ResetOver(TRIES, link.account.username)
    if not same(link.code_digest, code_digest(token, code)):
        raise CodeRefused(link.account.username)
    mine.update(code_tries=F("code_tries") - 1)


@contextmanager
def _taken(link: ResetLink, now: datetime) -> Iterator[None]:
    """Hold the link while its password is hashed: of many claims at once one hashes, the others are told at once.

    It opens again if nothing comes of it, after a crash by itself. Raises ResetOver.
    """
    free = Q(taken_until=None) | Q(taken_until__lte=now)
    mine = ResetLink.objects.filter(pk=link.pk, state=ResetLink.State.OPEN)
    if not mine.filter(free).update(taken_until=now + HASHED_WITHIN):
        raise ResetOver(RACED, link.account.username)
    try:
        yield
    except BaseException:
        mine.update(taken_until=None)
        raise


def _chosen(account: Account, chosen: str) -> Generated:
    reasons = faults(chosen, account=account)
    if not reasons and was_used(account=account, password=chosen):
        reasons = [USED_BEFORE]
    if reasons:
        raise ChoiceRefused(reasons)
    return Generated("", hash_password(chosen))


def _claim(link: ResetLink, made: Generated, here: _Here) -> Claimed:
    with transaction.atomic():
        account = Account.objects.select_for_update(of=("self",)).select_related("agent").get(pk=link.account_id)
        _take(link, account, here.now)
        actor = Actor(account.kind, account.username, here.network)
        _put_in_force(account, made, actor, here.now)
        _end_the_old(account, actor, here.now)
        if link.by_staff:  # somebody called because something is wrong: who else holds a device is not known
            devices.revoke_all(account=account, now=here.now)
        device_token = devices.mark_known(account=account, browser=here.browser, now=here.now, token=here.device)
        shown_token = reset_shown.keep(link=link, password=made.clear, device_token=device_token, now=here.now)
        _tell_owner(account, here)
        facts: dict[str, JsonValue] = {
            "link": str(link.pk),
            "by_staff": link.by_staff,
            "serial": account.password_serial,
        }
        record(action=Action.RESET_CLAIMED, now=here.now, actor=actor, subject=account.username, detail=facts)
    return Claimed(account.username, link.pk, made.clear, shown_token, device_token)


def _take(link: ResetLink, account: Account, now: datetime) -> None:
    """Of many at once exactly one gets past this. Raises ResetOver."""
    verdict = may_enter(account, channel=Channel.RESET, now=now)
    if not verdict.allowed:
        raise ResetOver(verdict.reason, account.username)
    mine = ResetLink.objects.filter(pk=link.pk, state=ResetLink.State.OPEN, expires_at__gt=now)
    if not mine.update(state=ResetLink.State.CLAIMED, claimed_at=now):
        raise ResetOver(RACED, account.username)


def _put_in_force(account: Account, made: Generated, by: Actor, now: datetime) -> None:
    if made.clear:
        issue_password(account=account, now=now, by=by, generated=made)
        return
    put_in_force(account=account, encoded=made.encoded, generated=False, now=now)
    Account.objects.filter(pk=account.pk).update(issued_at=now)  # or an inactive account would stay barred
    record(action=Action.PASSWORD_CHANGED, now=now, actor=by, subject=account.username)


def _end_the_old(account: Account, by: Actor, now: datetime) -> None:
    """Whatever an old password, link or session could still open, and the counters that barred the owner."""
    end_links(account=account)
    for kind in OUTDATED_MAILS:
        cancel(key_prefix=keys_of(kind, account), now=now)
    throttle.clear(owner=account.username)
    throttle.clear(owner=account.username, scopes=(MAILS, KNOWN_MAILS))  # all links ended: others must be to be had
    if account.agent is not None:  # whoever has the mailbox has spoken: what a session began does not go on
        change_email.stop(agent=account.agent, by=by, now=now, sources=(change_email.AGENT,))
    sessions.end_all(account=account, reason="reset", by=by, now=now)


def _tell_owner(account: Account, here: _Here) -> None:
    mail = PasswordWasResetMail(when=here.now, browser="".join(filter(str.isprintable, here.browser))[:120])
    key = f"{mail.kind}:{account.username}:{account.password_serial}"
    try:
        post(mail, to=account.address, about=account.username, key=key, language=account.language, now=here.now)
    except AddressRefused:  # the link arrived somehow; an address spoiled since must not keep its owner out
        return
