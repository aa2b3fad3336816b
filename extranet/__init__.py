"""agent-extranet: an exchange's statewide reports, each agent's own part and nobody else's."""
