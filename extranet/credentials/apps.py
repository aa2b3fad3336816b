from django.apps import AppConfig
from django.core.checks import register

from extranet.credentials.checks import check_sign_in


class CredentialsConfig(AppConfig):
    name = "extranet.credentials"
    label = "credentials"

    def ready(self) -> None:
        register(check_sign_in)
