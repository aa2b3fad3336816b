from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "extranet.demo"
    label = "demo"
