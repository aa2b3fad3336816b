from django.apps import AppConfig


class KeyringConfig(AppConfig):
    name = "extranet.keyring"
    label = "keyring"
    verbose_name = "Wrapped keys"
