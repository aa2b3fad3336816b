"""The web app: pages over the domains; it has no tables of its own."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from extranet.web.headers import check_policy


class WebConfig(AppConfig):
    name = "extranet.web"
    label = "web"
    verbose_name = "Pages"

    def ready(self) -> None:
        register(check_policy, Tags.security)
