from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_sign_in"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["object_id", "at"], name="log_entry_thing"),
        ),
        migrations.RemoveIndex(
            model_name="logentry",
            name="log_entry_object_at",
        ),
    ]
