from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("notifications/", views.mine, name="mine"),
    path("faxes/<uuid:fax_id>/mail/", views.mail, name="mail"),
]
