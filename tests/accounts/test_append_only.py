"""Nobody changes the log: not by the model, not by a QuerySet, and not by SQL."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import Error, connection, transaction

from accounts.append_only import AppendOnlyError, create_triggers, missing_triggers
from accounts.models import LogEntry
from tests.databases import own_database, query
from tests.processes import environment, finished

pytestmark = pytest.mark.django_db

Write = Callable[..., list[LogEntry]]
ATTEMPTS: dict[str, Callable[[LogEntry], object]] = {
    "save": lambda entry: entry.save(),
    "save some": lambda entry: entry.save(update_fields=["action"]),
    "delete": lambda entry: entry.delete(),
    "update": lambda entry: LogEntry.objects.update(action="fax.view"),
    "update some": lambda entry: LogEntry.objects.filter(pk=entry.pk).update(action="fax.view"),
    "delete all": lambda entry: LogEntry.objects.all().delete(),
    "bulk update": lambda entry: LogEntry.objects.bulk_update([entry], ["action"]),
    "update or create": lambda entry: LogEntry.objects.update_or_create({"action": "fax.view"}, pk=entry.pk),
    "upsert": lambda entry: LogEntry.objects.bulk_create(
        [entry], update_conflicts=True, unique_fields=["id"], update_fields=["action"]
    ),
}
STATEMENTS = {
    "update": "UPDATE accounts_logentry SET action = 'fax.view'",
    "update nothing of note": "UPDATE accounts_logentry SET id = id",
    "delete": "DELETE FROM accounts_logentry",
}
OF_SQLITE = {
    "replace": "INSERT OR REPLACE INTO accounts_logentry SELECT * FROM accounts_logentry",
    "replace by number": "INSERT OR REPLACE INTO accounts_logentry SELECT hex(randomblob(16)), chain, sequence, at,"
    " actor_id, actor_name, action, object_type, object_id, object_name, data, previous_hash, hash, address, agent"
    " FROM accounts_logentry",
    "update or replace": "UPDATE OR REPLACE accounts_logentry SET sequence = 1",
}
OF_POSTGRESQL = {
    "truncate": "TRUNCATE accounts_logentry",
    "as a replica": "SET LOCAL session_replication_role = replica; DELETE FROM accounts_logentry",
    "upsert": "INSERT INTO accounts_logentry SELECT * FROM accounts_logentry"
    " ON CONFLICT (id) DO UPDATE SET action = 'fax.view'",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_the_model_refuses(written: Write, attempt: Callable[[LogEntry], object]) -> None:
    before = written(2)
    with pytest.raises(AppendOnlyError, match="append-only"):
        attempt(before[0])
    assert written(0) == before


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_the_database_refuses(guarded: None, written: Write, statement: str) -> None:
    refused(written, statement)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQL of SQLite")
@pytest.mark.parametrize("statement", OF_SQLITE.values(), ids=OF_SQLITE)
def test_sqlite_refuses(guarded: None, written: Write, statement: str) -> None:
    refused(written, statement)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQL of PostgreSQL")
@pytest.mark.parametrize("statement", OF_POSTGRESQL.values(), ids=OF_POSTGRESQL)
def test_postgresql_refuses(guarded: None, written: Write, statement: str) -> None:
    refused(written, statement)


def refused(written: Write, statement: str) -> None:
    before = [(entry.pk, entry.hash) for entry in written(2)]
    with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert [(entry.pk, entry.hash) for entry in written(0)] == before


def test_what_is_guarded_can_be_added_to(guarded: None, written: Write) -> None:
    assert len(written(2)) == 2
    assert len(written(3)) == 5


def test_a_trigger_that_does_something_else_is_missed(guarded: None) -> None:
    assert missing_triggers(connection) == []
    for harm in harms():
        with connection.cursor() as cursor:
            for statement in harm:
                cursor.execute(statement)
        assert len(missing_triggers(connection)) == 1, harm
        create_triggers(connection)
        assert missing_triggers(connection) == []


def harms() -> list[list[str]]:
    if connection.vendor == "sqlite":
        event = "accounts_logentry_no_delete BEFORE DELETE ON accounts_logentry"
        drop = "DROP TRIGGER accounts_logentry_no_delete"
        return [[drop], [drop, f"CREATE TRIGGER {event} BEGIN SELECT 1; END"]]
    name = "accounts_logentry_append_only"
    return [
        [f"DROP TRIGGER {name} ON accounts_logentry"],
        [f"ALTER TABLE accounts_logentry DISABLE TRIGGER {name}"],
        [f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END;'"],
    ]


@pytest.mark.process
def test_a_new_house_has_its_triggers(tmp_path: Path) -> None:
    """After every migration there is: one that rebuilds the table on SQLite has to put them back."""
    with own_database(tmp_path, os.environ.get("TEST_DATABASE_URL", "")) as url:
        env = environment(DEBUG="1", SECRET_KEY="k" * 50, DATABASE_URL=url, QUEUE_URL="memory://")
        assert finished("manage.py", "migrate", env=env).returncode == 0
        query(url, "INSERT INTO accounts_loghead VALUES ('house', 0, '')")
        outcome = finished("manage.py", "verify_audit", env=env | {"MEDIA_ROOT": f"{tmp_path}/media"})
    assert (outcome.returncode, outcome.stdout.splitlines()[-1]) == (0, "Chains: 1, entries: 0, anchors: 0.")
