from django.urls import path

from applications.views import delete, detail, edit, lists, new

app_name = "applications"

urlpatterns = [
    path("applications/", lists.applications, name="list"),
    path("applications/new/", new.new, name="new"),
    path("applications/new/<uuid:pending_id>/", new.pending, name="pending"),
    path("applications/new/<uuid:pending_id>/look/", new.look, name="look"),
    path("applications/new/<uuid:pending_id>/choose/", new.choose, name="choose"),
    path("applications/<uuid:application_id>/", detail.detail, name="detail"),
    path("applications/<uuid:application_id>/edit/", edit.edit, name="edit"),
    path("applications/<uuid:application_id>/delete/", delete.delete, name="delete"),
    path("applications/<uuid:application_id>/refresh/", detail.refresh, name="refresh"),
]
