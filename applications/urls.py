from django.urls import path

from applications.views import detail, lists

app_name = "applications"

urlpatterns = [
    path("applications/", lists.applications, name="list"),
    path("applications/<uuid:application_id>/", detail.detail, name="detail"),
]
