from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_log_entry_thing")]

    operations = [migrations.AlterModelManagers("user", [])]
