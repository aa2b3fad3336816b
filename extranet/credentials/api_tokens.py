"""Tokens of publishers for programs that publish (edges: scope publish, 90 days, networks, digest stored, shown once).

A token is its owner and never more: it enters only while the gate would let its owner in. It has 160 random bits, so
no budget protects it from guessing; the budget of failures only keeps noise small, and a valid token is never locked
out by somebody else's.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.credentials import throttle
from extranet.credentials.gate import Channel, Reason, may_enter, standing
from extranet.credentials.models import Account, ApiToken, StaffRole
from extranet.mail.catalogue import ApiTokenMadeMail
from extranet.mail.outbox import AddressRefused, post
from extranet.policy import local_day
from extranet.profile.in_force import zone
from extranet.vault.tokens import digest, new_token

PREFIX = "extranet_"  # so that people and scanners of leaked secrets know one when they see it
SCOPE = "publish"
DAYS = 90
MOST = 10  # living tokens of one person
MOST_NETWORKS = 20
USED_EVERY = timedelta(minutes=1)
FAILURES = "api-token"
Address = IPv4Address | IPv6Address


class TokenNotMade(Exception):
    """It cannot be made as asked; the message says why."""


class TokenRefused(Exception):
    """Whoever came with it does not enter. ``retry_after``: seconds to wait after too many failures, else None.

    Why is said to the trail only.
    """

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("refused")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Made:
    """A new token, seen here only."""

    row: ApiToken
    token: str = field(repr=False)


def make(
    *, account: Account, name: str, networks: Sequence[str] = (), days: int = DAYS, by: Actor, now: datetime
) -> Made:
    """A token of a publisher, good for at most 90 days; its owner is told by mail. Raises TokenNotMade."""
    known, words = _networks(networks), name.strip()
    if not words or len(words) > 60:
        raise TokenNotMade("say what the token is for, in at most 60 letters")
    if not 1 <= days <= DAYS:
        raise TokenNotMade(f"a token lives 1 to {DAYS} days")
    token = PREFIX + new_token()
    with transaction.atomic():
        held = Account.objects.select_for_update().get(pk=account.pk)
        if held.role != StaffRole.PUBLISHER or standing(held) is not None:
            raise TokenNotMade(f"{held.username} is no publisher who may log in; tokens belong to publishers")
        if living(held, now=now).count() >= MOST:
            raise TokenNotMade(f"{held.username} has {MOST} tokens already; end one first")
        row = ApiToken(account=held, name=words, scope=SCOPE, digest=digest(token), networks=known)
        row.created_at, row.expires_at = now, now + timedelta(days=days)
        row.save(force_insert=True)
        detail: dict[str, JsonValue] = {"token": str(row.id), "for": words, "days": days, "networks": known}
        record(action=Action.TOKEN_MADE, now=now, actor=by, subject=held.username, detail=detail)
        _tell(held, row, now)
    return Made(row, token)


def _tell(account: Account, row: ApiToken, now: datetime) -> None:
    """Who did not make it learns that somebody did."""
    mail = ApiTokenMadeMail(when=now, valid_until=local_day(row.expires_at, zone()))
    key = f"{mail.kind}:{account.username}:{row.id}"
    with suppress(AddressRefused):  # no token waits for a better address
        post(mail, to=account.address, about=account.username, key=key, language=account.language, now=now)


def living(account: Account, *, now: datetime) -> QuerySet[ApiToken]:
    """Its tokens that have neither ended nor lapsed, newest first."""
    return ApiToken.objects.filter(account=account, ended_at=None, expires_at__gt=now).order_by("-created_at")


def end(*, account: Account, token_id: UUID, by: Actor, now: datetime) -> bool:
    """End one token of the account; False if there is no such one, or it had ended."""
    with transaction.atomic():
        return bool(_end(ApiToken.objects.filter(account=account, id=token_id), "ended", by, now))


def end_all(*, account: Account, reason: str, by: Actor, now: datetime) -> int:
    """End all tokens of the account, inside the caller's transaction or in one of its own; how many."""
    with transaction.atomic():
        return _end(ApiToken.objects.filter(account=account), reason, by, now)


def enter(*, token: str, address: Address | None, network: str, now: datetime, act: str = "") -> ApiToken:
    """The token with its account, if it may enter now. Not inside a transaction. Raises TokenRefused.

    ``act``: what is asked for, if it changes something: then the trail tells which token asked, before it is done.
    """
    row = ApiToken.objects.select_related("account").filter(digest=digest(token)).first() if token else None
    reason = _fault(row, address, now)
    if row is None or reason:
        raise _refused(row, reason, network, now)
    unwritten = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
    with transaction.atomic():
        ApiToken.objects.filter(unwritten, pk=row.pk).update(last_used_at=now)
        if act:
            owner = Actor(row.account.kind, row.account.username, network)
            detail = {"token": str(row.id), "act": act[:120]}
            record(action=Action.TOKEN_USED, now=now, actor=owner, subject=row.account.username, detail=detail)
    return row


def why_not_vouched(username: str, token: UUID | None, now: datetime) -> str:
    """Why what a publisher asked for earlier, with that token or on the pages (None), is not done now; blank if it is
    theirs to ask for still. The networks of a token were looked at when it was used."""
    if token is not None:
        row = ApiToken.objects.select_related("account").filter(pk=token, account__username=username).first()
        why = _over(row, now)
        return f"the token that asked for it does not enter any more ({why})" if why else ""
    account = Account.objects.filter(username=username, role=StaffRole.PUBLISHER).first()
    if account is None or not may_enter(account, channel=Channel.PORTAL, now=now).allowed:
        return "the account that asked for it does not enter any more"
    return ""


def _fault(row: ApiToken | None, address: Address | None, now: datetime) -> str:
    """Why it does not enter; blank if nothing speaks against it."""
    networks = row.networks if row is not None else []
    if networks and not any(address is not None and address in ip_network(text) for text in networks):
        return _over(row, now) or "network"
    return _over(row, now)


def _over(row: ApiToken | None, now: datetime) -> str:
    """Why it opens nothing from anywhere."""
    if row is None:
        return Reason.UNKNOWN
    if row.ended_at is not None:
        return "ended"
    if now >= row.expires_at:
        return "lapsed"
    if row.scope != SCOPE or row.account.role != StaffRole.PUBLISHER:
        return "role"
    verdict = may_enter(row.account, channel=Channel.API, now=now)
    return "" if verdict.allowed else str(verdict.reason)


def _refused(row: ApiToken | None, reason: str, network: str, now: datetime) -> TokenRefused:
    """Counted by network and in the trail; the owner is named there, if the token is somebody's."""
    allowance = throttle.take(budget=throttle.guesses(FAILURES), owner=network, now=now)
    subject = row.account.username if row is not None else ""
    detail = {"why": reason, **({"token": str(row.id)} if row is not None else {})}
    actor = Actor.nobody(network=network)
    record_refusal(action=Action.TOKEN_REFUSED, now=now, actor=actor, subject=subject, detail=detail)
    return TokenRefused(None if allowance.allowed else allowance.retry_after_seconds)


def _end(rows: QuerySet[ApiToken], reason: str, by: Actor, now: datetime) -> int:
    ended = 0
    for row in rows.select_related("account").filter(ended_at=None):
        if ApiToken.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now, ended_reason=reason[:30]):
            detail = {"token": str(row.id), "for": row.name, "why": reason}
            record(action=Action.TOKEN_ENDED, now=now, actor=by, subject=row.account.username, detail=detail)
            ended += 1
    return ended


def _networks(texts: Sequence[str]) -> list[str]:
    """As the machine writes them; a single address is a network of one."""
    if len(texts) > MOST_NETWORKS:
        raise TokenNotMade(f"a token names at most {MOST_NETWORKS} networks")
    return [str(_network(text.strip())) for text in texts]


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise TokenNotMade(f"{text!r} is no network like 203.0.113.0/24 or 2001:db8::/64") from error
