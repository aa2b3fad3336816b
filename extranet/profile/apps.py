from django.apps import AppConfig
from django.core.checks import register

from extranet.profile.checks import check_profile


class ProfileConfig(AppConfig):
    name = "extranet.profile"
    label = "profile"

    def ready(self) -> None:
        register(check_profile)
