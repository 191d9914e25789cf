from typing import Any

from django.db import migrations

from accounts.append_only import create_triggers, drop_triggers


def forwards(apps: Any, schema_editor: Any) -> None:
    create_triggers(schema_editor.connection)


def backwards(apps: Any, schema_editor: Any) -> None:
    drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    """A later migration that alters this table rebuilds it on SQLite, and must create the triggers anew."""

    dependencies = [
        ("accounts", "0006_log_entry_walks"),
    ]

    operations = [
        migrations.RunPython(forwards, backwards),
    ]
