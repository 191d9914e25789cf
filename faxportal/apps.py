from django.apps import AppConfig
from django.contrib.admin import apps as admin


class FaxportalConfig(AppConfig):
    name = "faxportal"
    default = True

    def ready(self) -> None:
        # Both register themselves: what a wake does, and what a production must have.
        from faxportal import checks, queue  # noqa: F401


class PortalAdminConfig(admin.AdminConfig):
    default = False
    default_site = "faxportal.admin.PortalAdminSite"
