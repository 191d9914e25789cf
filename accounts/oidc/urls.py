from django.urls import path

from accounts.oidc import views

urlpatterns = [
    path("oidc/login/", views.oidc_login, name="oidc_login"),
    path("oidc/login/callback/", views.oidc_callback, name="oidc_callback"),
]
