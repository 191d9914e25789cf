from collections import Counter

from django.core.management.base import CommandError
from django.db import migrations, models
from django.db.models.functions import Lower


def name_those_alike(apps, schema_editor):
    names = apps.get_model("accounts", "User").objects.values_list("username", flat=True)
    counted = Counter(name.lower() for name in names)
    alike = sorted(name for name in names if counted[name.lower()] > 1)
    if alike:
        raise CommandError(
            f"These user names differ in large and small letters alone: {', '.join(alike)}. Give each person another "
            "name in the admin of the version before, or with `manage.py shell`, then migrate again."
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_small_letters")]

    operations = [
        migrations.RunPython(name_those_alike, migrations.RunPython.noop),
        migrations.AddConstraint(
            "user",
            models.UniqueConstraint(
                Lower("username"),
                name="user_name_once",
                violation_error_message="Somebody has this user name already, in these letters or in others.",
            ),
        ),
    ]
