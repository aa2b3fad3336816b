"""Putting a password in force, and remembering its digest so that it does not come back (IA-5(1), six)."""

from datetime import datetime

from django.db import transaction

from extranet.credentials.hashing import check
from extranet.credentials.models import Account, PasswordHistory
from extranet.credentials.warning_mail import warning_keys
from extranet.mail.outbox import cancel
from extranet.policy import expires_on, temporary_until
from extranet.profile.in_force import policy, zone


class PasswordOvertaken(Exception):
    """Another act gave the account a password in the meantime; nothing was changed."""


def put_in_force(*, account: Account, encoded: str, generated: bool, now: datetime) -> None:
    """Make the hash the account's password, under the next serial. Inside the act's transaction.

    A generated password is temporary and lives two weeks, unless policy forces no change: then its days start to
    count at once, like those of a chosen one. Warnings of the one before that have not left yet are cancelled. Raises
    PasswordOvertaken. ``account`` is brought up to date.
    """
    temporary = generated and policy().force_change
    fields = {
        "password": encoded,
        "password_serial": account.password_serial + 1,
        "password_set_at": now,
        "temporary": temporary,
        "temporary_until": temporary_until(now, policy()) if temporary else None,
        "expires_on": None if temporary else expires_on(now, policy(), zone()),
        "revoked_at": None,
        "inactive_noted_at": None,
        **({"issued_at": now} if generated or account.issued_at is None else {}),
    }
    with transaction.atomic():
        same = Account.objects.filter(pk=account.pk, password_serial=account.password_serial)
        if not same.update(**fields):
            raise PasswordOvertaken
        _remember(account, encoded)
        _cancel_warnings(account, now)
    for name, value in fields.items():
        setattr(account, name, value)


def _cancel_warnings(account: Account, now: datetime) -> None:
    """Asked of the row that this transaction holds: a run may have warned since ``account`` was read. Most passwords
    were never warned about, and the outbox is long."""
    if Account.objects.filter(pk=account.pk, warned_serial=account.password_serial).exists():
        cancel(key_prefix=warning_keys(account), now=now)


def was_used(*, account: Account, password: str) -> bool:
    """Whether it is one of the remembered ones. Costs a hash each; call it outside of transactions."""
    digests = list(account.password_history.order_by("-serial").values_list("password", flat=True)[: policy().history])
    return any(check(password, digest).right for digest in digests)


def _remember(account: Account, encoded: str) -> None:
    serial = account.password_serial + 1
    PasswordHistory.objects.create(account=account, password=encoded, serial=serial)
    PasswordHistory.objects.filter(account=account, serial__lte=serial - max(policy().history, 1)).delete()
