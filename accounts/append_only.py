"""Rows that are added and never touched again: refused here with a named error, and by the database itself.

The database's own refusal is a trigger, which holds whoever asks it. SQLite drops a table's triggers without a word
when a migration rebuilds the table, as AlterField does: such a migration calls `create_triggers()` at its end. They
also stop `flush`, so that tests drop them first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

Row = TypeVar("Row", bound=models.Model, covariant=True)

TABLE = "accounts_logentry"
SAID = "The audit log is append-only: its entries are neither changed nor deleted."


class AppendOnlyError(Exception):
    """Somebody tried to change or delete what is kept as it was written."""

    def __init__(self) -> None:
        super().__init__(SAID)


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Adds rows and reads them. Whatever would change or delete one raises AppendOnlyError."""

    def update(self, **columns: Any) -> NoReturn:
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        raise AppendOnlyError

    def bulk_update(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        if options.get("update_conflicts"):
            raise AppendOnlyError
        return super().bulk_create(objs, *args, **options)


# INSERT OR REPLACE deletes the row in its way without asking a delete trigger, hence the third:
# https://www.sqlite.org/lang_conflict.html
SQLITE = {
    f"{TABLE}_no_update": f"BEFORE UPDATE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
    f"{TABLE}_no_delete": f"BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
    f"{TABLE}_no_replace": f"BEFORE INSERT ON {TABLE} WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id"
    f" OR (chain = NEW.chain AND sequence = NEW.sequence)) BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
}
POSTGRESQL = f"{TABLE}_append_only"
BODY = f"BEGIN RAISE EXCEPTION '{SAID}'; END;"
# Before, for each statement, on DELETE, UPDATE and TRUNCATE:
# https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/catalog/pg_trigger.h
TYPE = 2 + 8 + 16 + 32
FOUND = """
    SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE tgrelid = %s::regclass AND tgname = %s AND tgtype = %s AND tgenabled = 'A' AND prosrc = %s
"""


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    """Have the database refuse whatever would touch an entry. Safe to repeat."""
    drop_triggers(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name, what in SQLITE.items():
                cursor.execute(f"CREATE TRIGGER {name} {what}")
            return
        cursor.execute(f"CREATE FUNCTION {POSTGRESQL}() RETURNS trigger LANGUAGE plpgsql AS $${BODY}$$")
        events = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} FOR EACH STATEMENT"
        cursor.execute(f"CREATE TRIGGER {POSTGRESQL} {events} EXECUTE FUNCTION {POSTGRESQL}()")
        # Also for a session that says it is a replica, which other triggers do not fire for.
        cursor.execute(f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {POSTGRESQL}")


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """For tests, whose tables are emptied, and for a migration that is taken back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            return
        cursor.execute(f"DROP TRIGGER IF EXISTS {POSTGRESQL} ON {TABLE}")
        cursor.execute(f"DROP FUNCTION IF EXISTS {POSTGRESQL}()")


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of those that are not there as they were made: dropped, switched off, or made to do something else."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
            there = dict(cursor.fetchall())
            return [name for name, what in SQLITE.items() if there.get(name) != f"CREATE TRIGGER {name} {what}"]
        cursor.execute(FOUND, [TABLE, POSTGRESQL, TYPE, BODY])
        return [] if cursor.fetchone() == (1,) else [POSTGRESQL]
