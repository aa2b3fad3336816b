"""A new password kept for some minutes for the browser that claimed it (J24): a reload must not lose it for ever.

The key is made from a token that only that browser's cookie holds. Nobody else can open the row, nor can we.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.models import ResetLink, ShownPassword
from extranet.profile.in_force import policy
from extranet.vault.sealing import Unopenable, open_bytes, seal_bytes
from extranet.vault.tokens import new_token


class NotShown(Exception):
    """Too late, logged in already, or another browser: one answer for all."""


@dataclass(frozen=True)
class Shown:
    """The claimed password (blank where the person chose it) and the token that makes this browser known."""

    username: str
    password: str = field(repr=False)
    device_token: str = field(repr=False)
    until: datetime


def keep(*, link: ResetLink, password: str, device_token: str, now: datetime) -> str:
    """Seal them for some minutes, inside the claim's transaction; the token for the browser's cookie."""
    token = new_token()
    sealed = seal_bytes(json.dumps([password, device_token]).encode(), _key(token), link.pk.bytes)
    until = now + timedelta(minutes=policy().shown_password_minutes)
    ShownPassword.objects.create(link=link, account_id=link.account_id, sealed=sealed, expires_at=until)
    return token


def show_again(*, link_id: UUID, shown_token: str, network: str, now: datetime) -> Shown:
    """Open what ``keep`` sealed; each time is recorded, the first one included. Raises NotShown."""
    kept = ShownPassword.objects.select_related("account").filter(link_id=link_id, expires_at__gt=now).first()
    if kept is None:
        raise NotShown
    try:
        password, device_token = json.loads(open_bytes(bytes(kept.sealed), _key(shown_token), link_id.bytes))
    except Unopenable as error:
        raise NotShown from error
    account = kept.account
    with transaction.atomic():
        actor = Actor(account.kind, account.username, network)
        facts = {"link": str(link_id)}
        record(action=Action.RESET_SHOWN_AGAIN, now=now, actor=actor, subject=account.username, detail=facts)
    return Shown(account.username, password, device_token, kept.expires_at)


def purge_shown(*, now: datetime) -> int:
    """Delete what is over; how many. The login deletes its own account's at once."""
    return ShownPassword.objects.filter(expires_at__lte=now).delete()[0]


def _key(token: str) -> bytes:
    return hashlib.sha256(b"extranet.reset.shown\0" + token.encode()).digest()
