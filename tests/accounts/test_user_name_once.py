"""Before user names became unique in large and small letters, some may have been alike."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import CommandError
from django.db import connection

from accounts.models import User

migration = import_module("accounts.migrations.0012_user_name_once")


@pytest.mark.django_db
def test_names_that_are_alike_are_named() -> None:
    User.objects.create_user("dana")
    User.objects.create_user("eve")
    migration.name_those_alike(apps, None)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX user_name_once")
    User.objects.create_user("Dana")
    with pytest.raises(CommandError, match="alone: Dana, dana. Give"):
        migration.name_those_alike(apps, None)
