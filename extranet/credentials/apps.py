from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.checks import register

from extranet.credentials.checks import check_sign_in


class CredentialsConfig(AppConfig):
    name = "extranet.credentials"
    label = "credentials"

    def ready(self) -> None:
        register(check_sign_in)
        user_logged_in.disconnect(
            dispatch_uid="update_last_login"
        )  # login.complete notes it, with the act's own moment
