"""An agency: Mona manages it, Alice works in it, Bob in another one, Nina is somebody's staff."""

from collections.abc import Mapping
from datetime import datetime

from extranet.agents.models import Agency, AgencyMembership, AgencyRole, Agent
from extranet.audit.record import Actor
from extranet.credentials.agency_staff import add_agency_staff
from extranet.credentials.agreement import version_in_force
from extranet.credentials.book_grants import Right
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account
from tests.credentials.people import CHOSEN, HOME, new_account

VIEW, EXPORT, ACT = frozenset({Right.VIEW}), frozenset({Right.VIEW, Right.EXPORT}), frozenset({Right.VIEW, Right.ACT})
EVERYTHING = EXPORT | ACT
HARBOR, VALLEY = "0K54321", "0K99999"


def owner(account: Account) -> Agent:
    """Whose account it is, as the roster has them at this moment."""
    return Agent.objects.get(account=account)


def acting(account: Account) -> Actor:
    return Actor(account.kind, account.username, HOME)


def joins(account: Account, agency: str, *, now: datetime, role: str = AgencyRole.AGENT) -> None:
    """As a roster does it: the interval before ends when the new one begins; blank: an agency of one."""
    agent = owner(account)
    AgencyMembership.objects.filter(agent=agent, until_at=None).update(until_at=now)
    if agency:
        house, _ = Agency.objects.get_or_create(license=agency, defaults={"name": f"Agency {agency}"})
        AgencyMembership.objects.create(agent=agent, agency=house, role=role, from_at=now)


def new_manager(license_number: str, agency: str = HARBOR, *, now: datetime) -> Account:
    mona = new_account(license_number, now=now, first_name="Mona")
    joins(mona, agency, now=now, role=AgencyRole.AGENCY_MANAGER)
    return mona


def new_agency_staff(
    principal: Account, books: Mapping[Agent, frozenset[Right]], *, now: datetime, name: str = "nina"
) -> Account:
    """Nina, invited by the principal with these rights, with a password of her own and the agreement accepted."""
    nina = add_agency_staff(
        principal=owner(principal),
        name=name,
        display_name=f"{name.title()} Night",
        email=f"{name}@office.test",
        books=books,
        by=acting(principal),
        now=now,
    )
    put_in_force(account=nina, encoded=hash_password(CHOSEN), generated=False, now=now)
    Account.objects.filter(pk=nina.pk).update(agreement_version=version_in_force())
    return Account.objects.get(pk=nina.pk)
