from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0005_one_run_a_kind")]

    operations = [
        migrations.RemoveConstraint(model_name="gap", name="gap_once_per_run"),
        migrations.AddConstraint(
            model_name="gap",
            constraint=models.UniqueConstraint(fields=("run", "telnyx_id", "what", "side"), name="gap_once_a_run"),
        ),
    ]
