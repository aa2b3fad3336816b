"""Whose row is it: the agent whose license stands in it, if the roster certifies that agent now.

A license that the agent had before a rename still leads to the agent: the exchange's file may lag behind its roster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

import polars as pl

from extranet.agents.models import Agent, CertificationStatus, FormerLicense

OWNER = "_owner"  # place in ``Owners.ids``; no layout key begins with _
UNASSIGNED = UUID("6d0a2f6e-5f0f-4f0c-9f57-0b6a3f0c9d11")
"""Namespace of the owners of rows that wait: fixed for ever, a changed one would strand them."""


@dataclass(frozen=True)
class Owner:
    """One who rows belong to: an agent, or nobody yet (``agent_id`` None) under the license that stands in them."""

    id: UUID
    agent_id: UUID | None
    licenses: frozenset[str]


def waiting_owner(license: str) -> UUID:
    """The owner of rows that wait for somebody certified to hold this license."""
    return uuid5(UNASSIGNED, license)


def certified() -> dict[str, UUID]:
    """License -> agent, for all who are certified now; former licenses too, unless somebody holds them today."""
    former = FormerLicense.objects.filter(agent__status=CertificationStatus.CERTIFIED)
    today = Agent.objects.values_list("license", flat=True)
    found = dict(former.exclude(license__in=today).values_list("license", "agent_id"))
    return found | dict(Agent.objects.filter(status=CertificationStatus.CERTIFIED).values_list("license", "id"))


def assign(rows: pl.DataFrame, *, column: str, agents: Mapping[str, UUID]) -> tuple[pl.DataFrame, list[Owner]]:
    """The rows with OWNER, and the owners that it points at. ``column`` holds the license."""
    licenses = rows[column].unique(maintain_order=True).to_list()
    places: dict[UUID, int] = {}
    held: dict[UUID, set[str]] = {}
    for license in licenses:
        owner = agents.get(license) or waiting_owner(license)
        places.setdefault(owner, len(places))
        held.setdefault(owner, set()).add(license)
    known = set(agents.values())
    owners = [Owner(owner, owner if owner in known else None, frozenset(held[owner])) for owner in places]
    where = [places[agents.get(license) or waiting_owner(license)] for license in licenses]
    table = pl.DataFrame({column: licenses, OWNER: where}, schema={column: pl.String, OWNER: pl.Int64})
    return rows.join(table, on=column, how="left", maintain_order="left"), owners
