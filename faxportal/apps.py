from django.apps import AppConfig


class FaxportalConfig(AppConfig):
    name = "faxportal"

    def ready(self) -> None:
        # Both register themselves: what a wake does, and what a production must have.
        from faxportal import checks, queue  # noqa: F401
