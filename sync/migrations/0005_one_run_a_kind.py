from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0004_end_stopped_runs")]

    operations = [
        migrations.AddConstraint(
            model_name="syncrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at", None)), fields=("kind",), name="sync_run_one_a_kind"
            ),
        ),
    ]
