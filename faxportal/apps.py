from django.apps import AppConfig


class FaxportalConfig(AppConfig):
    name = "faxportal"
