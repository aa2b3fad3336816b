"""A link of one's own, for who holds one that somebody else asked for (J22).

Strangers can spend the mails of an hour; what they cannot do is keep them from the owner's mailbox. Each of their links
is a key to another one, bound to the browser in which it was opened. The new link goes to the mailbox again, so whoever
found one mail gains nothing; the user name must be typed, so that what presses buttons by itself causes no mail.
"""

from datetime import datetime, timedelta

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials import throttle
from extranet.credentials.models import ResetLink
from extranet.credentials.reset_ask import Asked, mail_or_pretend, masked_email
from extranet.credentials.reset_link import living
from extranet.credentials.username import UsernameRefused, parse
from extranet.vault.tokens import short_code

AGAIN = "reset-again"
OF_A_LINK = 2  # the first may be lost, or its browser closed


class AgainRefused(Exception):
    """Not the user name of that link, or its links of one's own were all sent: ``spent``."""

    def __init__(self, *, spent: bool) -> None:
        super().__init__("spent" if spent else "another name")
        self.spent = spent


def ask_again(*, token: str, username: str, network: str, browser_token: str, now: datetime) -> Asked:
    """Mail another link for this browser, outside of the mails that strangers can spend. The old link lives on.

    Raises ResetOver, AgainRefused.
    """
    link, code = living(token=token, now=now), short_code()
    name = link.account.username
    if _typed(username) != name:
        raise AgainRefused(spent=False)
    if not throttle.take(budget=_budget(link), owner=str(link.pk), now=now).allowed:
        raise AgainRefused(spent=True)
    with transaction.atomic():
        barred = mail_or_pretend(link.account, browser_token, code, now)
        action = Action.RESET_REFUSED if barred else Action.RESET_ASKED
        detail = {"with": str(link.pk), **({"reason": barred} if barred else {})}
        record(action=action, now=now, actor=Actor.nobody(network), subject=name, detail=detail)
    return Asked(masked_email(username=name), code)


def whose(*, token: str, now: datetime) -> str:
    """The user name of a living link, also where its code was tried too often. Changes nothing; raises ResetOver."""
    return living(token=token, now=now).account.username


def _typed(username: str) -> str:
    try:
        return parse(username)
    except UsernameRefused:
        return ""


def _budget(link: ResetLink) -> throttle.Budget:
    """Of one link, for longer than it lives."""
    life = link.expires_at - link.asked_at + timedelta(hours=1)
    return throttle.Budget(AGAIN, life, ((OF_A_LINK, life),))
