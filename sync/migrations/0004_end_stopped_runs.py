from typing import Any

from django.db import migrations
from django.utils import timezone


def end_stopped_runs(apps: Any, schema_editor: Any) -> None:
    """Runs whose worker died were never ended. One may be under way from now on."""
    runs = apps.get_model("sync", "SyncRun").objects.filter(finished_at=None)
    runs.update(finished_at=timezone.now(), error="The worker stopped before the end.")


class Migration(migrations.Migration):
    dependencies = [("sync", "0003_gaps_and_cursor")]

    operations = [migrations.RunPython(end_stopped_runs, migrations.RunPython.noop, elidable=True)]
