from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "extranet.credentials"
    label = "credentials"
