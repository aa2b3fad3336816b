from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "extranet.agents"
    label = "agents"
