"""In which language the mails about a request are: they go to an address that somebody typed."""

from uuid import UUID

from extranet.agents.models import Agent
from extranet.service_center.models import SupportRequest

NOBODY = UUID(int=0)


def language_of(request: SupportRequest, email: str) -> str:
    """The agent's choice at the agent's own address; blank elsewhere, where it would tell a stranger of the choice.

    One query whether the license is known or not: a form must not tell by its work who has one."""
    own = Agent.objects.filter(pk=request.agent_id or NOBODY, email__iexact=email)
    return own.values_list("language", flat=True).first() or ""
