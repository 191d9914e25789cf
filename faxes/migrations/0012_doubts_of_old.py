"""Since when an attempt was in doubt stood in its evidence alone."""

from datetime import datetime

from django.db import migrations


def copy_doubts(apps, schema_editor):
    attempts = apps.get_model("faxes", "Attempt").objects
    for attempt in attempts.filter(doubted_at=None, evidence__has_key="since").iterator():
        attempts.filter(pk=attempt.pk).update(doubted_at=datetime.fromisoformat(attempt.evidence["since"]))


class Migration(migrations.Migration):
    dependencies = [
        ("faxes", "0011_doubted_at"),
    ]

    operations = [
        migrations.RunPython(copy_doubts, migrations.RunPython.noop),
    ]
