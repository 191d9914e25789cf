from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def fill(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """What is here already was heard of when it was made, and stored when it was recorded."""
    apps.get_model("faxes", "Fax").objects.update(heard_at=F("created_at"))
    apps.get_model("faxes", "Document").objects.update(stored_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("faxes", "0004_triage")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
