from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("faxes", "0010_event_time_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="doubted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("doubted_at__isnull", False)),
                fields=["-doubted_at", "-id"],
                name="attempt_doubted",
            ),
        ),
    ]
