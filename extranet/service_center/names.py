"""Under which copied names an agent stands in the trail and the outbox: today's user name, and those before renames."""

from extranet.agents.models import Agent
from extranet.agents.naming import copied_names


def names_of(agent: Agent) -> list[str]:
    """User names and licenses, today's first: some events name the license."""
    names = copied_names(agent)
    return [*names, agent.license, *agent.former_licenses.values_list("license", flat=True)]
