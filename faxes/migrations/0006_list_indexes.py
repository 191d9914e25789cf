import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("faxes", "0005_heard_and_stored")]

    operations = [
        migrations.RemoveIndex(
            model_name="fax",
            name="fax_list",
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(
                condition=models.Q(("trashed_at", None)),
                fields=["team", "direction", "-created_at", "-id"],
                name="fax_list",
            ),
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(
                condition=models.Q(("handled_at", None), ("trashed_at", None)),
                fields=["team", "direction", "-created_at", "-id"],
                name="fax_open",
            ),
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(
                condition=models.Q(("trashed_at", None)), fields=["team", "direction", "heard_at"], name="fax_heard"
            ),
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(fields=["team", "direction", "status", "-created_at", "-id"], name="fax_status"),
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(fields=["direction", "to_number", "-created_at", "-id"], name="fax_number"),
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(fields=["correspondent", "-created_at", "-id"], name="fax_correspondent"),
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(
                condition=models.Q(("assigned_to__isnull", False)),
                fields=["assigned_to", "-created_at", "-id"],
                name="fax_assignee",
            ),
        ),
        migrations.AddIndex(
            model_name="fax",
            index=models.Index(
                condition=models.Q(("trashed_at__isnull", False)), fields=["team", "-trashed_at"], name="fax_bin"
            ),
        ),
        migrations.AlterField(
            model_name="fax",
            name="correspondent",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="faxes",
                to="contacts.correspondent",
            ),
        ),
    ]
