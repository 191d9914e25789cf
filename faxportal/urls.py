from django.contrib import admin
from django.urls import include, path

from faxes.views.media import for_telnyx
from faxportal import health

urlpatterns = [
    # First, as every address is compared with all that stand before it, and no other is called as often.
    path("", include("webhooks.urls")),
    path("", include("portal.urls")),
    path("", include("applications.urls")),
    path("faxes/", include("faxes.urls")),
    path("m/<str:signed>", for_telnyx, name="for_telnyx"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("accounts.sign_in.urls")),
    path("sync/", include("sync.urls")),
    path("", include("notifications.urls")),
]
