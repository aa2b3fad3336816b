"""What agency staff may do with whose book, asked anew each time: nothing runs that could be late (decision 20).

A grant opens at most what its principal could open; which weeks those are is the shelf's matter.
"""

from datetime import datetime
from enum import StrEnum

from django.db.models import F, Q, QuerySet

from extranet.agents.agency import under_one_manager
from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials.models import Account, BookGrant


class Right(StrEnum):
    """What one may do with a book. Each other right holds the first one."""

    VIEW = "view"  # open it, its weeks and what changed
    EXPORT = "export"  # download it
    ACT = "act"  # write to the service center in its agent's name


_HOLDS = {Right.VIEW: Q(), Right.EXPORT: Q(may_export=True), Right.ACT: Q(may_act=True)}


def in_force(now: datetime) -> QuerySet[BookGrant]:
    """All grants that open something at that moment: nobody ended them, both agents are certified, and the principal
    has managed the other one without a break since. Whether the account may enter at all, the gate says."""
    own = Q(agent=F("account__principal"))
    managed = under_one_manager(manager="account__principal", agent="agent", since="granted_at", now=now)
    certified = CertificationStatus.CERTIFIED
    standing = BookGrant.objects.filter(
        ended_at=None, granted_at__lte=now, agent__status=certified, account__principal__status=certified
    )
    return standing.filter(own | Q(managed))


def grants_of(account: Account, now: datetime) -> list[BookGrant]:
    """The grants that open a book to the account now, with the agents whose books they are, by name."""
    mine = _open_to(account, now).select_related("agent")
    return list(mine.order_by("agent__last_name", "agent__first_name", "agent__license"))


def grants_into(agent: Agent, now: datetime) -> list[BookGrant]:
    """Who may open that agent's book now, whoever gave it, with account and principal."""
    held = in_force(now).filter(agent=agent).select_related("account__principal")
    return list(held.order_by("account__username"))


def may(account: Account, agent: Agent, right: Right, now: datetime) -> bool:
    """Whether that member of agency staff has that right on that agent's book now."""
    return _open_to(account, now).filter(_HOLDS[right], agent=agent).exists()


def has_any(account: Account, now: datetime) -> bool:
    """Whether any book is open to the account; without one it enters nowhere. The same work if there is no such one."""
    return _open_to(account, now).exists()


def rights_of(grant: BookGrant) -> list[Right]:
    """What the grant allows, in the order of the rights."""
    more = {Right.EXPORT: grant.may_export, Right.ACT: grant.may_act}
    return [Right.VIEW, *(right for right, held in more.items() if held)]


def _open_to(account: Account, now: datetime) -> QuerySet[BookGrant]:
    """Nothing while the principal's own account is disabled: who took it over may have invited somebody."""
    return in_force(now).filter(account=account.pk, account__principal__account__disabled_at=None)
