"""Alice and Bob, and Charlie who must get nothing, as rows of the real tables."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.issue import open_account
from extranet.credentials.login import SignIn, sign_in
from extranet.credentials.models import Account, AccountKind, StaffRole
from extranet.credentials.username import staff_username
from extranet.mail.models import OutboxMail

DESK = Actor("staff", "staff\\dora")
HOME, CAFE = "198.51.100.0/24", "203.0.113.0/24"
CHOSEN = "violet kettle ambulance"
NEW = "gravel hammock tuba 9"


def new_agent(license_number: str = "4000001", **fields: Any) -> Agent:
    values: dict[str, Any] = {
        "first_name": "Alice",
        "last_name": "Example",
        "email": f"{license_number}@agents.test",
        "roster_email": f"{license_number}@agents.test",
        "status": CertificationStatus.CERTIFIED,
        "status_on": date(2026, 11, 12),
        "certified_on": date(2026, 11, 12),
        "created_at": datetime(2026, 11, 13, 17, 0, tzinfo=UTC),
    }
    return Agent.objects.create(license=license_number, **{**values, **fields})


def new_account(license_number: str = "4000001", *, now: datetime, password: str = CHOSEN, **agent: Any) -> Account:
    """An agent's account with a chosen password, set at ``now``; blank: none yet."""
    account = open_account(agent=new_agent(license_number, **agent), now=now, by=DESK)
    if password:
        put_in_force(account=account, encoded=hash_password(password), generated=False, now=now)
    return account


def new_staff(name: str = "dora", *, now: datetime, password: str = CHOSEN) -> Account:
    account = Account(
        username=staff_username(name),
        kind=AccountKind.STAFF,
        role=StaffRole.SERVICE_DESK,
        staff_email=f"{name}@staff.test",
        created_at=now,
    )
    account.save(force_insert=True)
    put_in_force(account=account, encoded=hash_password(password), generated=False, now=now)
    return account


def try_login(
    account: Account | str, password: str, *, now: datetime, device: str | None = None, network: str = HOME
) -> SignIn:
    name = account if isinstance(account, str) else account.username
    return sign_in(
        username=name, password=password, device=device, network=network, browser="Firefox (Windows)", now=now
    )


def events(action: str, subject: str = "") -> list[Event]:
    found = Event.objects.filter(action=action).order_by("id")
    return list(found.filter(subject=subject) if subject else found)


def mails(about: str = "") -> list[OutboxMail]:
    found = OutboxMail.objects.order_by("place", "posted_at", "key")
    return list(found.filter(about=about) if about else found)


def fresh(account: Account) -> Account:
    return Account.objects.select_related("agent").get(pk=account.pk)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
