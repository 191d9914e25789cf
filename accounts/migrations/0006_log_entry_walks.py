from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_log_entry_origin"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["object_type", "object_id", "at"], name="log_entry_object_at"),
        ),
        migrations.RemoveIndex(
            model_name="logentry",
            name="log_entry_object",
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["chain", "actor_id", "at"], name="log_entry_chain_actor"),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["chain", "action", "at"], name="log_entry_chain_action"),
        ),
    ]
