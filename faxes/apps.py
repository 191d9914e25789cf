from django.apps import AppConfig


class FaxesConfig(AppConfig):
    name = "faxes"
    default_auto_field = "django.db.models.BigAutoField"
