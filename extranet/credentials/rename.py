"""The user name follows a license number that changed, those of the agent's staff too; accounts, passwords and
sessions stay (edge: agent rename)."""

from datetime import datetime

from django.db import transaction

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.credentials import throttle
from extranet.credentials.models import Account
from extranet.credentials.username import agency_staff_username, agent_username
from extranet.mail.secured import held


def follow_license(*, agent: Agent, by: Actor, now: datetime) -> Account | None:
    """Give the agent's account the name of today's license, in the transaction of the rename; None without one.

    The rename itself is what the trail tells (``agent:license:renamed``, by ``by`` at ``now``).
    """
    account = Account.objects.filter(agent=agent).first()
    if account is None:
        return None
    with transaction.atomic():
        throttle.clear(owner=account.username)
        old, account.username = account.username, agent_username(agent.license)
        account.save(update_fields=["username"])
        held.rename(old=old, new=account.username)
        for staff in Account.objects.filter(principal=agent):
            throttle.clear(owner=staff.username)
            old, staff.username = (
                staff.username,
                agency_staff_username(agent.license, staff.username.rpartition(".")[2]),
            )
            staff.save(update_fields=["username"])
            held.rename(old=old, new=staff.username)
    return account
