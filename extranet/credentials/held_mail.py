"""Picking up a secured mail (SC-8): who may, and by which steps. Decision 24; the walk is the one of pickup.py.

The notice's link gives nothing. Its page asks whose mail it is, shows a code, and has a second link mailed to the same
mailbox; that link and that code show the message once, and again for some minutes in the same browser.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.credentials import throttle
from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.models import Account
from extranet.credentials.pickup import NAMES, WRONG_NAME, WrongName
from extranet.credentials.reset_ask import TooManyAsks
from extranet.credentials.reset_claim import WRONG_CODE, CodeRefused
from extranet.credentials.reset_link import TRIES, code_digest
from extranet.credentials.throttle import Budget
from extranet.credentials.username import UsernameRefused, parse
from extranet.mail.catalogue import SecuredLinkMail
from extranet.mail.link_lives import life_of, minutes_of
from extranet.mail.models import HeldLink, HeldMessage, OutboxMail
from extranet.mail.outbox import post
from extranet.mail.secured import held
from extranet.mail.secured.held import Gone
from extranet.profile.in_force import policy
from extranet.vault.sealing import Unopenable
from extranet.vault.tokens import digest, new_token, same, short_code

GONE, MOVED, DAMAGED, NOBODY = "gone", "moved", "damaged", "nobody"
REQUEST = re.compile(r"R-[0-9A-Z]{4}-[0-9A-Z]{2}")  # the number of one, see service_center/intake.py
MAILS = "held-mail"


class HeldOver(Exception):
    """This link leads nowhere (any more). ``reason`` is for the trail: every reason looks the same to the person."""

    def __init__(self, reason: str, about: str = "") -> None:
        super().__init__(reason)
        self.reason, self.about = reason, about


@dataclass(frozen=True)
class Taken:
    """A message that was taken by one browser, and the token with which that one sees it."""

    held_id: UUID
    shown_token: str = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """The message, as plain text."""

    subject: str
    sender: str
    text: str = field(repr=False)


def look(*, token: str, now: datetime) -> None:
    """Whether the notice's link still leads on; changes nothing, tells nothing of its reader. Raises HeldOver."""
    _waiting(token, now)


def ask(*, token: str, typed: str, network: str, now: datetime) -> str:
    """Mail the second link; the code to show, which that link asks for. The notice's link stays good.

    ``typed`` must name the reader: user name or license number, for who works for an agent also that agent's.
    Raises HeldOver, WrongName, TooManyAsks.
    """
    actor = Actor.nobody(network)
    try:
        row = _waiting(token, now)
        _require_name(row, typed, now)
        return _send(row, actor, now)
    except HeldOver as over:
        _note(over.reason, over.about, actor, now)
        raise
    except WrongName:
        _note(WRONG_NAME, row.about, actor, now)
        raise


def look_behind(*, token: str, now: datetime) -> None:
    """Whether the second link still leads on; changes nothing. Raises HeldOver."""
    link = _linked(token, now)
    if link.code_tries >= policy().reset_code_tries:
        raise HeldOver(TRIES, link.held.about)


def claim(*, token: str, code: str, network: str, now: datetime) -> Taken:
    """Take the message for this browser: of many at once exactly one does. Raises HeldOver, CodeRefused."""
    actor = Actor.nobody(network)
    try:
        link = _linked(token, now)
        _require_code(link, token, code)
        return _take(link.held, actor, now)
    except HeldOver as over:
        _note(over.reason, over.about, actor, now)
        raise
    except CodeRefused as refused:
        _note(WRONG_CODE, refused.username, actor, now)
        raise


def show(*, held_id: UUID, shown_token: str, network: str, now: datetime) -> Letter:
    """The message in the browser that took it; each time is recorded, the first one included. Raises HeldOver."""
    try:
        row, words = held.again(held_id=held_id, token=shown_token, now=now)
    except Gone:
        raise HeldOver(GONE) from None
    _require_reader(row, now)
    with transaction.atomic():
        actor = Actor.nobody(network)
        record(action=Action.HELD_MAIL_SHOWN_AGAIN, now=now, actor=actor, subject=row.about, detail=_facts(row.mail))
    return Letter(words.subject, row.mail.from_address, words.text)


def _waiting(token: str, now: datetime) -> HeldMessage:
    try:
        row = held.waiting(token=token, now=now)
    except Gone:
        raise HeldOver(GONE) from None
    _require_reader(row, now)
    return row


def _linked(token: str, now: datetime) -> HeldLink:
    try:
        link = held.linked(token=token, now=now)
    except Gone:
        raise HeldOver(GONE) from None
    _require_reader(link.held, now)
    return link


def _require_reader(row: HeldMessage, now: datetime) -> None:
    """An account that may not enter reads nothing, nor does a mailbox that is not the account's any more, nor anybody
    where the name is no account's (any more)."""
    account = Account.objects.select_related("agent").filter(username=row.about).first()
    if account is None:
        if not REQUEST.fullmatch(row.about):  # who wrote to the service center needs no account
            raise HeldOver(NOBODY, row.about)
        return
    verdict = may_enter(account, channel=Channel.RESET, now=now)
    if not verdict.allowed:
        raise HeldOver(verdict.reason, row.about)
    if account.address.casefold() != row.mail.to_address.casefold():
        raise HeldOver(MOVED, row.about)


def _require_name(row: HeldMessage, typed: str, now: datetime) -> None:
    """Count the try, then compare: who found a notice must not learn whose it is by trying all licenses."""
    allowance = throttle.take(budget=throttle.guesses(NAMES), owner=str(row.pk), now=now)
    if not allowance.allowed:
        raise TooManyAsks(allowance.retry_after_seconds)
    if not _names(typed, row.about):
        raise WrongName
    throttle.clear(owner=str(row.pk), scopes=(NAMES,))


def _names(typed: str, about: str) -> bool:
    if typed.strip().casefold() == about.casefold():  # a request's number, where a profile secures its mails
        return True
    try:
        name = parse(typed)
    except UsernameRefused:
        return False
    return about == name or about.startswith(f"{name}.")  # who works for an agent knows for whom


def _send(row: HeldMessage, actor: Actor, now: datetime) -> str:
    hour = timedelta(hours=1)
    budget = Budget(MAILS, hour, ((policy().reset_mails_per_hour, hour),))
    allowance = throttle.take(budget=budget, owner=str(row.pk), now=now)
    if not allowance.allowed:
        raise TooManyAsks(allowance.retry_after_seconds)
    token, code, about = new_token(), short_code(), row.about
    with transaction.atomic():
        link = HeldLink.objects.create(
            held=row,
            digest=digest(token),
            code_digest=code_digest(token, code),
            asked_at=now,
            expires_at=now + life_of(SecuredLinkMail),
        )
        mail = SecuredLinkMail(
            link=f"{settings.EXTRANET.reset}{held.PATH}link/{token}/", minutes=minutes_of(SecuredLinkMail)
        )
        key, language = f"{mail.kind}:{about}:{link.pk}", _language_of(about)
        post(mail, to=row.mail.to_address, about=about, key=key, language=language, now=now)
        record(action=Action.HELD_MAIL_ASKED, now=now, actor=actor, subject=about, detail=_facts(row.mail))
    return code


def _language_of(about: str) -> str:
    """What its reader chose; the profile's first for whom has no account."""
    reader = Account.objects.select_related("agent").filter(username=about).first()
    return reader.language if reader is not None else ""


def _require_code(link: HeldLink, token: str, code: str) -> None:
    about = link.held.about
    if not held.count_try(link, most=policy().reset_code_tries):
        raise HeldOver(TRIES, about)
    if not same(link.code_digest, code_digest(token, code)):
        raise CodeRefused(about)


def _take(row: HeldMessage, actor: Actor, now: datetime) -> Taken:
    about = row.about
    try:
        with transaction.atomic():
            shown_token = held.read(row, now=now)
            record(action=Action.HELD_MAIL_READ, now=now, actor=actor, subject=about, detail=_facts(row.mail))
    except Gone:
        raise HeldOver(GONE, about) from None
    except Unopenable:
        raise HeldOver(DAMAGED, about) from None
    return Taken(row.pk, shown_token)


def _facts(mail: OutboxMail) -> dict[str, JsonValue]:
    return {"kind": mail.kind, "key": mail.key}


def _note(reason: str, about: str, actor: Actor, now: datetime) -> None:
    facts = {"reason": str(reason)}
    record_refusal(action=Action.HELD_MAIL_REFUSED, now=now, actor=actor, subject=about, detail=facts)
