"""The name under which an agent stands in the trail and in the outbox: copied, because rows there link to nothing."""

from extranet.agents.models import Agent
from extranet.profile.loader import current


def copied_name(license: str) -> str:
    """The user name that belongs to a license: the profile's prefix before it (J14)."""
    return f"{current().username_prefix}{license}"


def copied_names(agent: Agent) -> list[str]:
    """All names the agent ever had, today's first: whoever was renamed keeps the own history."""
    former = agent.former_licenses.order_by("-renamed_at").values_list("license", flat=True)
    return [copied_name(license) for license in (agent.license, *former)]
