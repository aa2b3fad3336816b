from django.apps import AppConfig


class ProfileConfig(AppConfig):
    name = "extranet.profile"
    label = "profile"

    def ready(self) -> None:
        from extranet.profile import checks  # noqa: F401, PLC0415  registers the checks; needs ready settings
