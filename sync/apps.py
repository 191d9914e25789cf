from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from faxes.asking import on_found_out
        from sync.between import tell

        on_found_out(tell)
