"""Many rows of faxes in one statement, whose values travel as one JSON parameter.

That is several times as fast as a parameter for each value, and Django has no way to say it. `sync` has the figures.
https://www.sqlite.org/json1.html#jeach, https://www.postgresql.org/docs/current/functions-json.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models

from faxes.models import Fax

# What differs between faxes that are new. All other columns have the same value in each of them, or none.
INSERTED = (
    "id",
    "telnyx_id",
    "raw",
    "remote_at",
    "direction",
    "from_number",
    "to_number",
    "connection_id",
    "status",
    "failure_reason",
    "client_state",
    "media_name",
    "media_url",
    "page_count",
    "call_duration_secs",
    "created_at",
    "team",
    "correspondent",
    "assigned_to",
    "media",
    "heard_at",
    "link_dies_at",
    "due_at",
    "poll_at",
)


def insert(faxes: Sequence[Fax]) -> int:
    """Store new faxes, but for those whose Telnyx id has a row by now. Returns how many were stored."""
    if not faxes:
        return 0
    statement, constants = _insert(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*constants, _packed(faxes, INSERTED)])
        return int(cursor.rowcount)


def update(faxes: Sequence[Fax], columns: Sequence[str]) -> None:
    """Store these columns of faxes that are locked."""
    if not faxes:
        return
    with connection.cursor() as cursor:
        cursor.execute(_update(connection.vendor, tuple(columns)), [_packed(faxes, ("id", *columns))])


def _packed(faxes: Sequence[Fax], columns: Sequence[str]) -> str:
    names = [field.attname for field in _fields(tuple(columns))]
    return json.dumps([[_plain(getattr(fax, name)) for name in names] for fax in faxes], ensure_ascii=False)


def _plain(value: Any) -> Any:
    """The value as JSON can say it, in the form in which the database keeps it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value) if connection.vendor == "sqlite" else value.isoformat()
    return value.hex if isinstance(value, UUID) else value


@cache
def _fields(columns: tuple[str, ...]) -> list[models.Field[Any, Any]]:
    known = {field.name: field for field in Fax._meta.concrete_fields}
    return [known[name] for name in columns]


@cache
def _insert(vendor: str) -> tuple[str, list[Any]]:
    """The statement, and the values of the columns that are the same in every new fax."""
    same = [field for field in Fax._meta.concrete_fields if field.name not in INSERTED]
    constants = {str(field.column): field.get_db_prep_save(field.get_default(), connection) for field in same}
    # What has no value is null by itself.
    constants = {column: value for column, value in constants.items() if value is not None}
    varying = _fields(INSERTED)
    names = ", ".join([*(str(field.column) for field in varying), *constants])
    values = ", ".join([*_read(vendor, varying), *(["%s"] * len(constants))])
    statement = (
        f"INSERT INTO {Fax._meta.db_table} ({names}) SELECT {values} FROM {_each(vendor)} WHERE true"
        " ON CONFLICT (telnyx_id) DO NOTHING"
    )
    return statement, list(constants.values())


@cache
def _update(vendor: str, columns: tuple[str, ...]) -> str:
    fields = _fields(("id", *columns))
    key, *values = _read(vendor, fields)
    changes = ", ".join(f"{field.column} = {value}" for field, value in zip(fields[1:], values, strict=True))
    table = Fax._meta.db_table
    return f"UPDATE {table} SET {changes} FROM {_each(vendor)} WHERE {table}.id = {key}"


def _each(vendor: str) -> str:
    return "json_each(%s) AS one" if vendor == "sqlite" else "jsonb_array_elements(%s::jsonb) AS one(value)"


def _read(vendor: str, fields: Sequence[models.Field[Any, Any]]) -> list[str]:
    """How to read each of them out of one array of values."""
    if vendor == "sqlite":
        return [f"json_extract(one.value, '$[{position}]')" for position in range(len(fields))]
    return [_cast(position, field) for position, field in enumerate(fields)]


def _cast(position: int, field: models.Field[Any, Any]) -> str:
    kind = field.db_type(connection)
    return f"one.value->{position}" if kind == "jsonb" else f"(one.value->>{position})::{kind}"
