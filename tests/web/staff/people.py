"""Staff of every role with a browser, logged in with their second factor."""

from datetime import datetime

from django.test import Client
from django.utils import timezone

from extranet.credentials import sessions
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account, AccountKind, StaffRole
from extranet.credentials.username import staff_username
from extranet.web.entering import BACKEND
from tests.credentials.people import CHOSEN
from tests.web.people import browser

ROLES = tuple(StaffRole)


def staff_account(name: str, role: str, *, now: datetime) -> Account:
    """A member of staff with a password of their own."""
    account = Account(
        username=staff_username(name),
        kind=AccountKind.STAFF,
        role=role,
        display_name=name.title(),
        staff_email=f"{name}@staff.test",
        created_at=now,
    )
    account.save(force_insert=True)
    put_in_force(account=account, encoded=hash_password(CHOSEN), generated=False, now=now)
    return account


def at_work(account: Account, *, csrf: bool = False) -> Client:
    """A browser in which that member of staff is logged in, as the log-in pages leave it."""
    client = browser(csrf=csrf)
    client.force_login(account, backend=BACKEND)
    key = client.session.session_key
    assert key is not None
    moment = timezone.now()
    sessions.begin(
        account=account, session_key=key, network="198.51.100.0/24", browser="Firefox", now=moment, second_factor=True
    )
    return client
