"""allauth's addresses, but for the old ones that it only keeps for those who had them."""

from allauth.account import urls as account
from allauth.mfa import urls as mfa
from allauth.socialaccount import urls as socialaccount
from django.urls import include, path

from accounts.sign_in.deeds import on_record

urlpatterns = [
    path("", include(on_record(account.urlpatterns))),
    path("2fa/", include(on_record(mfa.urlpatterns))),
    path("3rdparty/", include(on_record(socialaccount.urlpatterns))),
    path("sessions/", include("allauth.usersessions.urls")),
    path("", include("accounts.oidc.urls")),
]
