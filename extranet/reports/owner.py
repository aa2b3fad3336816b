"""One who rows belong to. Free of tables, so that a machine without a database can say whose row it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

import numpy as np
import numpy.typing as npt

UNASSIGNED = UUID("6d0a2f6e-5f0f-4f0c-9f57-0b6a3f0c9d11")
"""Namespace of the owners of rows that wait: fixed for ever, a changed one would strand them."""

Codes = npt.NDArray[np.uint32]  # one small number an owner


@dataclass(frozen=True)
class Owner:
    """An agent, or nobody yet (``agent_id`` None) under the license that stands in the rows."""

    id: UUID
    agent_id: UUID | None
    licenses: frozenset[str]
    present: str = ""  # the license that the agent has today, whichever stands in the rows

    @property
    def known_by(self) -> tuple[str, ...]:
        """The licenses, today's first."""
        return (*filter(None, [self.present]), *sorted(self.licenses - {self.present}))


def present_licenses(agents: Mapping[str, UUID]) -> dict[UUID, str]:
    """Of each agent the license of today: former ones stand before it in ``certified()``."""
    return {agent_id: license for license, agent_id in agents.items()}


def waiting_owner(license: str) -> UUID:
    """The owner of rows that wait for somebody certified to hold this license."""
    return uuid5(UNASSIGNED, license)


def owner_of(license: str, agents: Mapping[str, UUID]) -> UUID:
    """``agents``: license -> agent, of all who are certified."""
    return agents.get(license) or waiting_owner(license)
