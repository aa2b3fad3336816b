from django.apps import AppConfig


class ServiceCenterConfig(AppConfig):
    name = "extranet.service_center"
    label = "service_center"
