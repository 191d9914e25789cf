from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from faxes.views.media import for_telnyx
from faxportal import health

# The admin's own log-in knows neither our rate limits nor a second factor, so it sends people to ours.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="faxes:sent"), name="home"),
    path("faxes/", include("faxes.urls")),
    path("m/<str:signed>", for_telnyx, name="for_telnyx"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("webhooks.urls")),
]
