from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_team_policies_and_invitations"),
    ]

    operations = [
        migrations.AddField(
            model_name="logentry",
            name="address",
            field=models.CharField(blank=True, default="", max_length=45),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="logentry",
            name="agent",
            field=models.CharField(blank=True, default="", max_length=200, verbose_name="browser"),
            preserve_default=False,
        ),
    ]
