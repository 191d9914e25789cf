from django.urls import path

from webhooks.views import console, detail, simulate
from webhooks.views.door import door

app_name = "webhooks"

urlpatterns = [
    # Both exactly, as Telnyx does not follow a redirect from one to the other.
    path("webhooks/telnyx", door, name="telnyx"),
    path("webhooks/telnyx/", door, name="telnyx_slash"),
    path("webhooks/", console.console, name="console"),
    path("webhooks/simulate/", simulate.simulate, name="simulate"),
    path("webhooks/<uuid:delivery_id>/", detail.detail, name="detail"),
    path("webhooks/<uuid:delivery_id>/again/", detail.again, name="again"),
]
