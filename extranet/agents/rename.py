"""An agent gets another license number and stays the same agent: same account, same keys, same books."""

import re
from datetime import datetime

from django.db import transaction

from extranet.agents.find import normal_license
from extranet.agents.locking import hold_roster
from extranet.agents.models import Agent, FormerLicense
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.profile.loader import current


class RenameRefused(Exception):
    """The number cannot be given to that agent; the message says why."""


@transaction.atomic
def rename(*, old: str, new: str, by: Actor, now: datetime) -> Agent:
    """Give the agent of license ``old`` the license ``new``; the old one is never given to anybody else (IA-4(d)).

    The user name hangs on the license: the caller renames the account in the same transaction. Raises RenameRefused.
    """
    hold_roster()
    old, new = normal_license(old), normal_license(new)
    agent = Agent.objects.select_for_update().filter(license=old).first()
    if agent is None:
        raise RenameRefused(f"No agent has the license {old}.")
    _check_free(agent, new)
    # A mistaken rename is taken back like this: the agent's own former number is no longer former
    FormerLicense.objects.filter(license=new, agent=agent).delete()
    FormerLicense.objects.create(license=old, agent=agent, renamed_at=now)
    agent.license = new
    agent.save(update_fields=["license"])
    detail = {"from": old, "to": new}
    record(action=Action.AGENT_RENAMED, now=now, actor=by, subject=copied_name(new), detail=detail)
    return agent


def _check_free(agent: Agent, new: str) -> None:
    if not re.fullmatch(current().license_pattern, new):
        raise RenameRefused(f"{new!r} is not a license number.")
    if new == agent.license:
        raise RenameRefused(f"The agent has the license {new} already.")
    if Agent.objects.filter(license=new).exists():
        raise RenameRefused(f"The license {new} belongs to another agent.")
    if FormerLicense.objects.filter(license=new).exclude(agent=agent).exists():
        raise RenameRefused(f"The license {new} belonged to another agent and is never given away.")
