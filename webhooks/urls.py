from django.urls import path

from webhooks.views.door import door

app_name = "webhooks"

# Both exactly, as Telnyx does not follow a redirect from one to the other.
urlpatterns = [
    path("webhooks/telnyx", door, name="telnyx"),
    path("webhooks/telnyx/", door, name="telnyx_slash"),
]
