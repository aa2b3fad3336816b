"""In which language the mails about a request are: they go to an address that somebody typed."""

from extranet.service_center.models import SupportRequest


def language_of(request: SupportRequest, email: str) -> str:
    """The agent's choice at the agent's own address; blank elsewhere, where it would tell a stranger of the choice."""
    agent = request.agent
    return agent.language if agent is not None and agent.email.casefold() == email.casefold() else ""
