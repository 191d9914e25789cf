"""Many rows in one statement: their values travel as one JSON parameter, and come back as they are kept.

That is several times as fast as a parameter for each value, and Django has no way to say it; `make bench` shows it.
https://www.sqlite.org/json1.html#jeach, https://www.postgresql.org/docs/current/functions-json.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models

from faxes.models import Fax, Tombstone

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


class Kept(NamedTuple):
    """A fax as the database gives it: times and ids in a form of its own (`as_kept`), `raw` as text."""

    id: Any
    telnyx_id: str
    direction: str
    status: str
    created_at: Any
    remote_at: Any
    gone_at: Any
    raw: str
    connection_id: str
    failure_reason: str
    client_state: str
    media_name: str
    media_url: str
    page_count: int | None
    call_duration_secs: int | None
    outbox: str
    line_held: bool
    due_at: Any
    poll_at: Any
    media: str
    heard_at: Any


def read(telnyx_ids: Iterable[str]) -> dict[str, Kept]:
    """The rows of these faxes, by Telnyx's id. Most of them are only looked at, and to convert them would take longer
    than anything else."""
    # As an expression, which has no type, SQLite's driver leaves a column as it is.
    plain = "+" if connection.vendor == "sqlite" else ""
    columns = ", ".join(f"{plain}faxes.{name}" for name in Kept._fields)
    return {row.telnyx_id: row for row in map(Kept._make, _among(columns, Fax, "telnyx_id", telnyx_ids))}


def deleted(telnyx_ids: Iterable[str]) -> set[str]:
    """Those of these faxes that were deleted here for good."""
    return {telnyx_id for (telnyx_id,) in _among("telnyx_id", Tombstone, "telnyx_id", telnyx_ids)}


def insert(rows: Sequence[models.Model], columns: tuple[str, ...], *, unless: tuple[str, ...]) -> int:
    """Store new rows of one model, whose other columns have their defaults, but for those that share all values of the
    columns `unless` with a row that is there by now. Returns how many were stored."""
    if not rows:
        return 0
    statement, constants = _insert(connection.vendor, type(rows[0]), columns, unless)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*constants, _packed(rows, columns)])
        return int(cursor.rowcount)


def update(faxes: Sequence[Fax], columns: Sequence[str]) -> None:
    """Store these columns of faxes that are locked."""
    if not faxes:
        return
    with connection.cursor() as cursor:
        cursor.execute(_update(connection.vendor, tuple(columns)), [_packed(faxes, ("id", *columns))])


def as_kept(value: Any) -> Any:
    """A time or an id as the database gives it in `Kept`, so that the two can be compared."""
    if not _is_sqlite():
        return value
    if isinstance(value, UUID):
        return value.hex
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ")[: -len("+00:00")]


@cache
def _is_sqlite() -> bool:
    """Asked a million times in a sync, and each look at the connection takes as long as all else that is asked then."""
    return connection.vendor == "sqlite"


def _among(columns: str, model: type[models.Model], key: str, values: Iterable[str]) -> list[tuple[Any, ...]]:
    each = _each(connection.vendor)
    name = "json_extract(one.value, '$[0]')" if connection.vendor == "sqlite" else "one.value->>0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {model._meta.db_table} AS faxes WHERE {key} IN (SELECT {name} FROM {each})",
            [json.dumps([[value] for value in values])],
        )
        return list(cursor.fetchall())


def _packed(rows: Sequence[models.Model], columns: Sequence[str]) -> str:
    values = itemgetter(*[field.attname for field in _fields(type(rows[0]), tuple(columns))])
    plain = as_kept if _is_sqlite() else _plain
    return json.dumps([values(vars(row)) for row in rows], ensure_ascii=False, default=plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@cache
def _fields(model: type[models.Model], columns: tuple[str, ...]) -> list[models.Field[Any, Any]]:
    known = {field.name: field for field in model._meta.concrete_fields}
    return [known[name] for name in columns]


@cache
def _insert(
    vendor: str, model: type[models.Model], columns: tuple[str, ...], unless: tuple[str, ...]
) -> tuple[str, list[Any]]:
    """The statement, and the values of the columns that are the same in every new row."""
    same = [field for field in model._meta.concrete_fields if field.name not in columns]
    constants = {str(field.column): field.get_db_prep_save(field.get_default(), connection) for field in same}
    # What has no value is null by itself.
    constants = {column: value for column, value in constants.items() if value is not None}
    varying = _fields(model, columns)
    key = ", ".join(str(field.column) for field in _fields(model, unless))
    names = ", ".join([*(str(field.column) for field in varying), *constants])
    values = ", ".join([*_values(vendor, varying), *(["%s"] * len(constants))])
    statement = (
        f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM {_each(vendor)} WHERE true"
        f" ON CONFLICT ({key}) DO NOTHING"
    )
    return statement, list(constants.values())


@cache
def _update(vendor: str, columns: tuple[str, ...]) -> str:
    fields = _fields(Fax, ("id", *columns))
    key, *values = _values(vendor, fields)
    changes = ", ".join(f"{field.column} = {value}" for field, value in zip(fields[1:], values, strict=True))
    table = Fax._meta.db_table
    return f"UPDATE {table} SET {changes} FROM {_each(vendor)} WHERE {table}.id = {key}"


def _each(vendor: str) -> str:
    return "json_each(%s) AS one" if vendor == "sqlite" else "jsonb_array_elements(%s::jsonb) AS one(value)"


def _values(vendor: str, fields: Sequence[models.Field[Any, Any]]) -> list[str]:
    """How each of them is got out of one array of values."""
    if vendor == "sqlite":
        return [f"json_extract(one.value, '$[{position}]')" for position in range(len(fields))]
    return [_cast(position, field) for position, field in enumerate(fields)]


def _cast(position: int, field: models.Field[Any, Any]) -> str:
    kind = field.db_type(connection)
    return f"one.value->{position}" if kind == "jsonb" else f"(one.value->>{position})::{kind}"
