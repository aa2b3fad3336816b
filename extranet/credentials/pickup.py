"""Picking up a password instead of being mailed one (J8, SC-8): the link of the third mail, and what it leads to.

The link gives nothing. Its page asks for the user name, shows a code, and has a second link mailed, which with that
code gives the password by the one claim there is (reset_claim.py). So no mail holds what opens anything alone.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.credentials import reset_link, throttle
from extranet.credentials.address_mask import mask
from extranet.credentials.mail_keys import keys_of
from extranet.credentials.models import Account, ResetLink
from extranet.credentials.reset_ask import Asked, TooManyAsks
from extranet.credentials.reset_link import Made, ResetOver, living
from extranet.credentials.throttle import Budget
from extranet.credentials.username import UsernameRefused, parse
from extranet.mail.catalogue import PickUpMail, ResetLinkMail
from extranet.mail.link_lives import life_of, minutes_of
from extranet.mail.outbox import AddressRefused, post
from extranet.profile.in_force import policy
from extranet.vault.tokens import digest, new_token, short_code

NAMES, MAILS = "pickup-name", "pickup-mail"
WRONG_NAME, NO_ADDRESS = "wrong_name", "no_address"
PICKUP = ResetLink.Kind.PICKUP


class WrongName(Exception):
    """Not the user name that the link belongs to; the try was counted."""


def make(*, account: Account, by: Actor, now: datetime) -> Made:
    """A pick-up link, good for as long as a temporary password would be. Inside the act's transaction."""
    token = new_token()
    link = ResetLink.objects.create(
        account_id=account.pk,
        kind=PICKUP,
        digest=digest(token),
        asked_at=now,
        expires_at=now + life_of(PickUpMail),
    )
    facts: dict[str, JsonValue] = {"link": str(link.pk)}
    record(action=Action.PICKUP_POSTED, now=now, actor=by, subject=account.username, detail=facts)
    return Made(link, f"{settings.EXTRANET.reset}/pickup/{token}/")


def look(*, token: str, now: datetime) -> None:
    """Whether the link still leads on; changes nothing and tells nothing of its owner. Raises ResetOver."""
    living(token=token, now=now, kind=PICKUP)


def ask(*, token: str, username: str, network: str, now: datetime) -> Asked:
    """Mail the second link to the owner; the code to show, which that link will ask for in every browser.

    ``username`` must be the owner's: it came in another mail, and machines that press buttons do not type it. The link
    stays good. Raises ResetOver, WrongName, TooManyAsks.
    """
    actor = Actor.nobody(network)
    try:
        link = living(token=token, now=now, kind=PICKUP)
        _require_name(link, username, now)
        return _send(link, actor, now)
    except ResetOver as over:
        _note(over.reason, over.username, actor, now)
        raise
    except WrongName:
        _note(WRONG_NAME, link.account.username, actor, now)
        raise


def newest(account: Account) -> ResetLink | None:
    """The pick-up link that stands in for the account's password; None where a password came later."""
    link = ResetLink.objects.filter(account=account, kind=PICKUP).order_by("-asked_at").first()
    set_at = account.password_set_at
    return link if link is not None and (set_at is None or set_at < link.asked_at) else None


def revoke(*, link_id: UUID, by: Actor, now: datetime) -> Account | None:
    """End a link whose mail never arrived; the account, or nothing if it had ended already."""
    with transaction.atomic():
        mine = ResetLink.objects.filter(pk=link_id, kind=PICKUP)
        if not mine.filter(state=ResetLink.State.OPEN).update(state=ResetLink.State.ENDED):
            return None
        account = mine.select_related("account__agent").get().account
        facts: dict[str, JsonValue] = {"link": str(link_id)}
        record(action=Action.PICKUP_REVOKED, now=now, actor=by, subject=account.username, detail=facts)
    return account


def mail_key(*, account: Account, link: ResetLink) -> str:
    """``pickup:<account>:<link>``."""
    return f"{keys_of(PickUpMail.kind, account)}{link.pk}"


def link_in(key: str) -> UUID:
    """The link out of such a key."""
    return UUID(key.rpartition(":")[2])


def _require_name(link: ResetLink, typed: str, now: datetime) -> None:
    """Count the try, then compare: who found a link must not learn whose it is by trying all licenses."""
    allowance = throttle.take(budget=throttle.guesses(NAMES), owner=str(link.pk), now=now)
    if not allowance.allowed:
        raise TooManyAsks(allowance.retry_after_seconds)
    try:
        right = parse(typed) == link.account.username
    except UsernameRefused:
        right = False
    if not right:
        raise WrongName
    throttle.clear(owner=str(link.pk), scopes=(NAMES,))


def _send(link: ResetLink, actor: Actor, now: datetime) -> Asked:
    """Outside of the mails an hour that anybody may spend by naming a license; this count is the owner's own."""
    account, code = link.account, short_code()
    allowance = throttle.take(budget=_of_mails(), owner=str(link.pk), now=now)
    if not allowance.allowed:
        raise TooManyAsks(allowance.retry_after_seconds)
    try:
        with transaction.atomic():
            made = reset_link.make(account=account, browser_token="", code=code, now=now)
            mail = ResetLinkMail(link=made.address, minutes=minutes_of(ResetLinkMail), pickup=True)
            key = f"{keys_of(mail.kind, account)}{made.link.pk}"
            post(mail, to=account.address, about=account.username, key=key, language=account.language, now=now)
            facts: dict[str, JsonValue] = {"pickup": str(link.pk), "link": str(made.link.pk)}
            record(action=Action.PICKUP_ASKED, now=now, actor=actor, subject=account.username, detail=facts)
    except AddressRefused as error:
        raise ResetOver(NO_ADDRESS, account.username) from error
    return Asked(mask(account.address), code)


def _note(reason: str, username: str, actor: Actor, now: datetime) -> None:
    facts = {"reason": str(reason)}
    record_refusal(action=Action.PICKUP_REFUSED, now=now, actor=actor, subject=username, detail=facts)


def _of_mails() -> Budget:
    hour = timedelta(hours=1)
    return Budget(MAILS, hour, ((policy().reset_mails_per_hour, hour),))
