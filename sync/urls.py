from django.urls import path

from sync.views import overview, runs

app_name = "sync"

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("start/", overview.start, name="start"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<uuid:run_id>/", runs.run, name="run"),
]
