from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("faxes", "0008_sender_index")]

    operations = [
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(
                condition=models.Q(
                    models.Q(
                        ("status__in", ["delivered", "failed", "received"]),
                        ("outbox__in", ["rejected", "cancelled"]),
                        _connector="OR",
                        _negated=True,
                    ),
                    ("gone_at", None),
                ),
                fields=["team", "-created_at", "-id"],
                name="fax_under_way",
            ),
        )
    ]
