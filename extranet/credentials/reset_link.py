"""The mailed link: made by asking or by staff, looked at by anybody and anything, spent by one claim (J22, J23).

Stored are digests. Several links may live at once, so that nobody can keep the owner's from working by asking again.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.models import Account, ResetLink
from extranet.mail.catalogue import ResetLinkMail, ResetStartedByStaffMail
from extranet.mail.link_lives import life_of
from extranet.profile.in_force import policy
from extranet.vault.tokens import digest, new_token, normalise_code, same

UNKNOWN, LATE, TRIES = "unknown", "late", "tries"


class ResetOver(Exception):
    """This link leads nowhere (any more). ``reason`` is for the trail: every reason looks the same to the person."""

    def __init__(self, reason: str, username: str = "") -> None:
        super().__init__(reason)
        self.reason, self.username = reason, username


@dataclass(frozen=True)
class Made:
    """A new link; its address goes into the mail and is nowhere else."""

    link: ResetLink
    address: str = field(repr=False)


@dataclass(frozen=True)
class LinkView:
    """What the linked page needs: whose it is, whether this browser must also give the code, and who chooses."""

    username: str
    needs_code: bool
    chosen: bool
    asked_elsewhere: bool = True
    """False where the code is always asked for: after a pick-up, and where staff began."""


def make(*, account: Account, browser_token: str, code: str, now: datetime, by_staff: bool = False) -> Made:
    """Store a link. Its address carries the configured base URL, whatever host a request named.

    Without ``browser_token`` every browser must give the code.
    """
    token = new_token()
    link = ResetLink.objects.create(
        account_id=account.pk,
        digest=digest(token),
        browser_digest=digest(browser_token) if browser_token else "",
        code_digest=code_digest(token, code),
        asked_at=now,
        expires_at=now + life_of(ResetStartedByStaffMail if by_staff else ResetLinkMail),
        by_staff=by_staff,
    )
    return Made(link, f"{settings.EXTRANET.reset}/link/{token}/")


def look(*, token: str, browser_token: str, now: datetime) -> LinkView:
    """Look without touching: scanners and previews change nothing. Raises ResetOver."""
    link = living(token=token, now=now)
    needs_code = not asked_here(link, browser_token)
    if needs_code and link.code_tries >= policy().reset_code_tries:
        raise ResetOver(TRIES, link.account.username)
    chosen = policy().reset_gives == "chosen"
    return LinkView(link.account.username, needs_code, chosen, asked_elsewhere=bool(link.browser_digest))


def living(*, token: str, now: datetime, kind: ResetLink.Kind = ResetLink.Kind.RESET) -> ResetLink:
    """The open link of that kind and token, with account and agent as they are now; raises ResetOver."""
    mine = ResetLink.objects.filter(digest=digest(token.lower()), kind=kind)
    facts = mine.values_list("state", "expires_at", "account__username").first()  # no more for what leads nowhere
    if facts is None:
        raise ResetOver(UNKNOWN)
    state, expires_at, name = facts
    if state != ResetLink.State.OPEN:
        raise ResetOver(state, name)
    if now >= expires_at:
        raise ResetOver(LATE, name)
    link = mine.select_related("account__agent").get()
    verdict = may_enter(link.account, channel=Channel.RESET, now=now)
    if not verdict.allowed:
        raise ResetOver(verdict.reason, name)
    return link


def forget_old(*, before: datetime) -> int:
    """Delete links that were over by that moment, with what they showed; the trail keeps what happened."""
    return ResetLink.objects.filter(expires_at__lt=before).delete()[0]


def asked_here(link: ResetLink, browser_token: str) -> bool:
    """Whether this browser asked for the link: then its cookie is the second half, and no code is needed."""
    return bool(link.browser_digest and browser_token) and same(link.browser_digest, digest(browser_token))


def code_digest(token: str, code: str) -> str:
    """A code has 25 bits: its digest holds the token too, which is stored nowhere, so a thief cannot try them all."""
    return digest(f"{token.lower()}:{normalise_code(code)}")
