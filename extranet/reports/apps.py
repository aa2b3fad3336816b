from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "extranet.reports"
    label = "reports"
