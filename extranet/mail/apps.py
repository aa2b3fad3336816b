from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "extranet.mail"
    label = "mail"
