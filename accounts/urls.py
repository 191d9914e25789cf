from django.urls import path
from django.views.generic import RedirectView

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="accounts:me"), name="account"),
    path("me/", views.me, name="me"),
    path("me/profile/", views.save_profile, name="save_profile"),
    path("me/preferences/", views.save_preferences, name="save_preferences"),
    path("me/keys/", views.keys, name="keys"),
    path("me/here/", views.here, name="here"),
]
