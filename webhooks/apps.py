from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sync.gaps import await_from
        from webhooks.models import Delivery

        await_from(Delivery.objects.await_faxes)
