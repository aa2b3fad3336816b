"""Agents known by number and license alone, after the database was lost: the next roster gives them their names."""

from datetime import datetime
from uuid import UUID

from extranet.agents.models import Agent, CertificationStatus


class PlaceTaken(Exception):
    """The license belongs to another agent already; the message says what to do."""


def keep_place(*, agent_id: UUID, license: str, now: datetime) -> bool:
    """The agent with this number, made as one who left if there is none; True if it was made. Raises PlaceTaken.

    Nobody gets in by it: the roster certifies, and until then the agent counts as decertified.
    """
    if Agent.objects.filter(id=agent_id).exists():
        return False
    if Agent.objects.filter(license=license).exists():
        raise PlaceTaken(
            f"license {license} belongs to another agent here than in the packs: make the index anew before the roster"
            " is imported, in an empty database"
        )
    Agent.objects.create(
        id=agent_id,
        license=license,
        first_name="",
        last_name="",
        email="",
        roster_email="",
        status=CertificationStatus.DECERTIFIED,
        status_reason="rebuilt",
        status_on=now.date(),
        certified_on=now.date(),
        existing=True,
        created_at=now,
    )
    return True
