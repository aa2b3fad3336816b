"""The account behind a publisher's name, for releases that are asked about again."""

from datetime import datetime

from extranet.audit.record import Actor
from extranet.credentials.models import Account, StaffRole
from tests.credentials.people import new_staff


def new_publisher(publisher: Actor, now: datetime) -> Account:
    """A publisher of that name who could log in."""
    account = new_staff(publisher.name.partition("\\")[2], now=now)
    account.role = StaffRole.PUBLISHER
    account.save(update_fields=["role"])
    return account
