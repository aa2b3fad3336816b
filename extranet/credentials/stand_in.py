"""Stands in for an account that is not there, so that the same work is done about every name (no name tells by time).

With an agent, as nearly all accounts have one: reading the two out of the database costs what making them costs.
"""

from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials.models import Account, AccountKind


def stand_in(username: str) -> Account:
    """An account of that name, never saved: what is written for it must not outlive its savepoint.

    The gate asks more about agency staff, so it does about a name of theirs that nobody has.
    """
    if "." in username and "\\" not in username:
        return Account(username=username, kind=AccountKind.AGENCY_STAFF)
    agent = Agent(license=username, status=CertificationStatus.CERTIFIED)
    return Account(username=username, kind=AccountKind.AGENT, agent=agent)


def is_real(account: Account) -> bool:
    return not account._state.adding
