"""A new password by mail for somebody whose first one never arrived, or who cannot use the reset link."""

from datetime import datetime

from django.db import transaction

from extranet.audit.record import Actor
from extranet.credentials import devices
from extranet.credentials.disable import end_links
from extranet.credentials.gate import standing
from extranet.credentials.issue import generate, issue_password
from extranet.credentials.models import Account
from extranet.credentials.password_mail import KIND, key_of, password_mail
from extranet.credentials.sessions import end_all
from extranet.mail.outbox import cancel, post


class IssueRefused(Exception):
    """The account is barred by the exchange; a password would not let it in. ``reason`` is the gate's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def issue_again(*, account: Account, by: Actor, now: datetime) -> None:
    """Issue the next password and mail it; the older ones end with it. Hashes: never inside a transaction.

    Raises IssueRefused, PasswordOvertaken, AddressRefused, HashingBusy; then nothing changed.
    """
    barred = standing(account)
    if barred is not None:
        raise IssueRefused(barred)
    made = generate()
    with transaction.atomic():
        cancel(key_prefix=f"{KIND}:{account.username}:", now=now)
        clear = issue_password(account=account, now=now, by=by, generated=made)
        end_links(account=account)
        devices.revoke_all(account=account, now=now)  # somebody called because something is wrong
        end_all(account=account, reason="reissued", by=by, now=now)
        mail = password_mail(account=account, clear=clear)
        post(mail, to=account.address, about=account.username, key=key_of(account), now=now)
