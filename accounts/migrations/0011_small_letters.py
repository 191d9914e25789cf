from typing import Any

from django.db import migrations


def forwards(apps: Any, schema_editor: Any) -> None:
    """Addresses in small letters. Where two people have one in different letters, the other one's stays as it is, for
    an administrator to decide whose it is."""
    people = apps.get_model("accounts", "User").objects
    taken = set(people.values_list("email", flat=True))
    for person in people.order_by("pk"):
        small = person.email.lower()
        if small not in taken:
            people.filter(pk=person.pk).update(email=small)
            taken.add(small)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_people")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
