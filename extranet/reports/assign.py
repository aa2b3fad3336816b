"""Whose row is it: the agent whose license stands in it, if the roster certifies that agent now.

A license that the agent had before a rename still leads to the agent: the exchange's file may lag behind its roster.
"""

from collections.abc import Mapping
from uuid import UUID

import polars as pl

from extranet.agents.models import Agent, CertificationStatus, FormerLicense
from extranet.reports.owner import Codes, Owner, owner_of, present_licenses


def certified() -> dict[str, UUID]:
    """License -> agent, for all who are certified now; former licenses too, unless somebody holds them today."""
    former = FormerLicense.objects.filter(agent__status=CertificationStatus.CERTIFIED)
    today = Agent.objects.values_list("license", flat=True)
    found = dict(former.exclude(license__in=today).values_list("license", "agent_id"))
    return found | dict(Agent.objects.filter(status=CertificationStatus.CERTIFIED).values_list("license", "id"))


class Owners:
    """The owners met so far, each with a small number, its code; the roster is asked once, before the first row."""

    def __init__(self, agents: Mapping[str, UUID]) -> None:
        self._agents = agents
        self._code_of: dict[str, int] = {}
        self._place: dict[UUID, int] = {}
        self._ids: list[UUID] = []
        self._licenses: list[set[str]] = []
        self._certified = frozenset(agents.values())
        self._present = present_licenses(agents)

    def codes_of(self, licenses: pl.Series) -> Codes:
        """The code of each row's owner; new owners get the next ones."""
        different = licenses.unique()
        codes = [self._code(license) for license in different.to_list()]
        return licenses.replace_strict(different, pl.Series(codes, dtype=pl.UInt32)).to_numpy()

    def all(self) -> list[Owner]:
        """In the order of their codes."""
        return [
            Owner(owner, owner if owner in self._certified else None, frozenset(held), self._present.get(owner, ""))
            for owner, held in zip(self._ids, self._licenses, strict=True)
        ]

    def _code(self, license: str) -> int:
        code = self._code_of.get(license)
        if code is None:
            owner = owner_of(license, self._agents)
            code = self._code_of[license] = self._place.setdefault(owner, len(self._ids))
            if code == len(self._ids):
                self._ids.append(owner)
                self._licenses.append(set())
            self._licenses[code].add(license)
        return code
