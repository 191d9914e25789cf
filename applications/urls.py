from django.urls import path

from applications.views import delete, detail, drift, edit, lists, moving, new, numbers

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
    path("applications/<uuid:application_id>/team/", moving.give_away, name="team"),
    path("applications/<uuid:application_id>/refresh/", detail.refresh, name="refresh"),
    path("applications/<uuid:application_id>/drift/keep/", drift.application_keep, name="keep"),
    path("applications/<uuid:application_id>/drift/restore/", drift.application_restore, name="restore"),
    path("applications/drift/", drift.everything, name="drift"),
    path("applications/numbers/", numbers.numbers, name="numbers"),
    path("applications/numbers/refresh/", numbers.refresh_all, name="numbers_refresh"),
    path("applications/numbers/<uuid:line_id>/", numbers.detail, name="number"),
    path("applications/numbers/<uuid:line_id>/refresh/", numbers.refresh, name="number_refresh"),
    path("applications/numbers/<uuid:line_id>/attach/", moving.attach, name="number_attach"),
    path("applications/numbers/<uuid:line_id>/team/", moving.give, name="number_team"),
    path("applications/numbers/<uuid:line_id>/drift/keep/", drift.number_keep, name="number_keep"),
    path("applications/numbers/<uuid:line_id>/drift/restore/", drift.number_restore, name="number_restore"),
]
