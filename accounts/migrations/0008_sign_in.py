from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_append_only_log")]

    operations = [
        migrations.AddField("user", "time_zone", models.CharField(blank=True, max_length=64)),
        migrations.AddField(
            "user",
            "theme",
            models.CharField(
                blank=True,
                choices=[("", "As the system is"), ("light", "Light"), ("dark", "Dark")],
                default="",
                max_length=5,
            ),
        ),
        migrations.AddField("user", "keys_on", models.BooleanField(default=True, verbose_name="keyboard keys")),
        migrations.AddField(
            "team", "mfa_required", models.BooleanField(default=False, verbose_name="second factor required")
        ),
        migrations.AddField(
            "membership",
            "source",
            models.CharField(
                blank=True,
                choices=[("", "Given by hand"), ("groups", "From the groups of single sign-on")],
                default="",
                max_length=10,
            ),
        ),
    ]
