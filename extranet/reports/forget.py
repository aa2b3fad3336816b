"""Forget an agent's books: destroy the keys of what was sealed for the agent, and of rows that waited for the agent."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction

from extranet.agents.find import by_license_ever, normal_license
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.keyring.ring import shred_agent
from extranet.reports.owner import waiting_owner


def forget_books(license: str, *, by: Actor, now: datetime) -> int:
    """How many keys were destroyed; again: none. No book of any week opens afterwards, in any copy of the packs.

    ``license`` is one that an agent has or had, or one that stands in rows which wait for an agent.
    """
    agent = by_license_ever(license)
    with transaction.atomic():
        destroyed = sum(shred_agent(owner, now=now) for owner in _owners(agent, license))
        if agent or destroyed:
            subject = agent.license if agent else normal_license(license)
            record(action=Action.KEYS_SHREDDED, now=now, actor=by, subject=subject, detail={"keys": destroyed})
    return destroyed


def _owners(agent: Agent | None, license: str) -> Iterator[UUID]:
    if agent is None:
        yield waiting_owner(normal_license(license))
        return
    yield agent.id
    for held in (agent.license, *agent.former_licenses.values_list("license", flat=True)):
        yield waiting_owner(held)
