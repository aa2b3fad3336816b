"""Known devices: browsers in which the owner proved to be the owner. Strangers cannot spend their guesses."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.models import Account, KnownDevice
from extranet.vault.tokens import digest, new_token


def recognise(*, username: str, token: str | None) -> KnownDevice | None:
    """The living device of that account behind the cookie's token; None for anybody else's."""
    if not token:
        return None
    living = KnownDevice.objects.filter(digest=digest(token), revoked_at=None, account__username=username)
    return living.first()


def still_known(*, username: str, device_id: str) -> bool:
    """Whether that device, recognised by another host a while ago, is a living one of that account."""
    return KnownDevice.objects.filter(pk=device_id, revoked_at=None, account__username=username).exists()


def mark_known(*, account: Account, browser: str, now: datetime, token: str | None = None) -> str:
    """Remember the browser; the token for its cookie: the one it has, else a new one. Stored is the digest."""
    if token and _living(account).filter(digest=digest(token)).update(last_used_at=now, browser=browser[:120]):
        return token
    made = new_token()
    KnownDevice.objects.create(
        account=account, digest=digest(made), created_at=now, last_used_at=now, browser=browser[:120]
    )
    return made


def revoke(*, account: Account, device_id: str, now: datetime) -> bool:
    """Forget one of the account's own devices."""
    return bool(_living(account).filter(pk=device_id).update(revoked_at=now))


def forget_spent(*, device: KnownDevice, by: Actor, now: datetime) -> bool:
    """The device guessed wrong too often in a day: whoever holds its cookie is a stranger from now on."""
    with transaction.atomic():
        mine = KnownDevice.objects.filter(pk=device.pk, revoked_at=None)
        if not mine.update(revoked_at=now):
            return False
        name = Account.objects.values_list("username", flat=True).get(pk=device.account_id)
        record(action=Action.DEVICE_FORGOTTEN, now=now, actor=by, subject=name, detail={"device": str(device.pk)})
    return True


def revoke_all(*, account: Account, now: datetime) -> int:
    return _living(account).update(revoked_at=now)


def _living(account: Account) -> QuerySet[KnownDevice]:
    return KnownDevice.objects.filter(account=account, revoked_at=None)
