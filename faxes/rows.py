"""Many rows at once, in the way that is cheapest for each database: several times as fast as Django's (`make bench`).

To PostgreSQL, values travel as one JSON parameter. SQLite takes them best by a statement that it prepares once and
carries out row by row. What is read comes back as it is kept.
https://www.postgresql.org/docs/current/functions-json.html, https://www.sqlite.org/json1.html#jeach
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models, transaction

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


# In KiB, as a negative number, and in pages.
WHOLESALE = {"cache_size": -32_000, "wal_autocheckpoint": 10_000}


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
    found = among(Fax, ("telnyx_id",), [[telnyx_id] for telnyx_id in telnyx_ids], Kept._fields)
    return {row.telnyx_id: row for row in map(Kept._make, found)}


def deleted(telnyx_ids: Iterable[str]) -> set[str]:
    """Those of these faxes that were deleted here for good."""
    found = among(Tombstone, ("telnyx_id",), [[telnyx_id] for telnyx_id in telnyx_ids], ("telnyx_id",))
    return {telnyx_id for (telnyx_id,) in found}


def among(
    model: type[models.Model], key: tuple[str, ...], values: Sequence[Sequence[Any]], columns: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    """Of the rows whose columns `key` have one of these values, these columns, as they are kept."""
    if not values:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_select(connection.vendor, model, key, columns), [_as_json(values)])
        return list(cursor.fetchall())


def insert(rows: Sequence[models.Model], columns: tuple[str, ...], *, unless: tuple[str, ...]) -> int:
    """Store new rows of one model, whose other columns have their defaults, but for those that share all values of the
    columns `unless` with a row that is there by now. Returns how many were stored."""
    if not rows:
        return 0
    statement, constants = _insert(connection.vendor, type(rows[0]), columns, unless)
    return _carry_out(statement, rows, columns, constants)


def update(faxes: Sequence[Fax], columns: tuple[str, ...]) -> None:
    """Store these columns of faxes that are locked."""
    if faxes:
        _carry_out(_update(connection.vendor, columns), faxes, (*columns, "id"))


def new_ids(count: int) -> Iterator[UUID]:
    """As many random ids, as `uuid4()` makes them, for one question to the system."""
    dice = os.urandom(16 * count)
    return (UUID(bytes=dice[place : place + 16], version=4) for place in range(0, len(dice), 16))


@contextmanager
def wholesale() -> Iterator[None]:
    """While many rows are stored, SQLite has more of the tables at hand, and copies what is in its log into the file
    less often: each fax touches a page of each index, and the same pages come up again and again.

    https://www.sqlite.org/pragma.html#pragma_wal_autocheckpoint
    """
    if not _is_sqlite():
        yield
        return
    with connection.cursor() as cursor:
        usual = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in WHOLESALE}
        try:
            _set(cursor, WHOLESALE)
            yield
        finally:
            _set(cursor, usual)


def as_kept(value: Any) -> Any:
    """A time or an id as the database gives it in `Kept`, so that the two can be compared."""
    if not _is_sqlite():
        return value
    return value.hex if isinstance(value, UUID) else _moment(value)


@cache
def _is_sqlite() -> bool:
    """Asked a million times in a sync, and each look at the connection takes as long as all else that is asked then."""
    return connection.vendor == "sqlite"


def _carry_out(
    statement: str, rows: Sequence[models.Model], columns: tuple[str, ...], constants: Sequence[Any] = ()
) -> int:
    """The statement for each row. Returns how many rows it has touched."""
    fields = _fields(type(rows[0]), columns)
    read = itemgetter(*[field.attname for field in fields])
    told = [read(vars(row)) for row in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        if _is_sqlite():
            kept = [_kept(values) for values in zip(*told, strict=True)]
            cursor.executemany(statement, [*zip(*kept, *map(repeat, constants), strict=False)])
        else:
            cursor.execute(statement, [*constants, _as_json(told)])
        return int(cursor.rowcount)


def _kept(values: Sequence[Any]) -> Iterable[Any]:
    """One column as SQLite keeps it: all values are of one type, or none."""
    form = next((FORMS[type(value)] for value in values if type(value) in FORMS), None)
    return values if form is None else [value if value is None else form(value) for value in values]


def _as_json(values: Sequence[Sequence[Any]]) -> str:
    return json.dumps(values, ensure_ascii=False, default=as_kept if _is_sqlite() else _plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _set(cursor: Any, pragmas: Mapping[str, int]) -> None:
    for name, value in pragmas.items():
        cursor.execute(f"PRAGMA {name} = {value}")


def _moment(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return str(value)[: -len("+00:00")]


FORMS: dict[type, Callable[[Any], Any]] = {datetime: _moment, UUID: attrgetter("hex"), dict: json.dumps}


@cache
def _fields(model: type[models.Model], columns: tuple[str, ...]) -> list[models.Field[Any, Any]]:
    known = {field.name: field for field in model._meta.concrete_fields}
    return [known[name] for name in columns]


@cache
def _select(vendor: str, model: type[models.Model], key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    fields = _fields(model, key)
    # As an expression, which has no type, SQLite's driver leaves a column as it is.
    plain = "+" if vendor == "sqlite" else ""
    wanted = ", ".join(f"{plain}kept.{field.column}" for field in _fields(model, columns))
    if vendor == "sqlite":
        given = "SELECT {} FROM json_each(%s)".format(
            ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(fields)))
        )
    else:
        given = f"SELECT {', '.join(_casts(fields))} FROM {EACH}"
    return f"SELECT {wanted} FROM {model._meta.db_table} AS kept WHERE ({_names(fields)}) IN ({given})"


@cache
def _insert(
    vendor: str, model: type[models.Model], columns: tuple[str, ...], unless: tuple[str, ...]
) -> tuple[str, list[Any]]:
    """The statement, and the values of the columns that are the same in every new row."""
    same = [field for field in model._meta.concrete_fields if field.name not in columns]
    constants = {field: field.get_db_prep_save(field.get_default(), connection) for field in same}
    # What has no value is null by itself.
    constants = {field: value for field, value in constants.items() if value is not None}
    varying = _fields(model, columns)
    marks = ["%s"] * len(constants)
    if vendor == "sqlite":
        values = f"VALUES ({', '.join([*['%s'] * len(varying), *marks])})"
    else:
        values = f"SELECT {', '.join([*_casts(varying), *marks])} FROM {EACH}"
    names, key = _names([*varying, *constants]), _names(_fields(model, unless))
    statement = f"INSERT INTO {model._meta.db_table} ({names}) {values} ON CONFLICT ({key}) DO NOTHING"
    return statement, list(constants.values())


@cache
def _update(vendor: str, columns: tuple[str, ...]) -> str:
    """The values come in the order of the columns, the id last."""
    table, fields = Fax._meta.db_table, _fields(Fax, (*columns, "id"))
    values = ["%s"] * len(fields) if vendor == "sqlite" else _casts(fields)
    changes = ", ".join(f"{field.column} = {value}" for field, value in zip(fields[:-1], values, strict=False))
    source = "" if vendor == "sqlite" else f"FROM {EACH}"
    return f"UPDATE {table} SET {changes} {source} WHERE {table}.id = {values[-1]}"


# On PostgreSQL, what has come as one JSON parameter.
EACH = "jsonb_array_elements(%s::jsonb) AS one(value)"


def _names(fields: Iterable[models.Field[Any, Any]]) -> str:
    return ", ".join(str(field.column) for field in fields)


def _casts(fields: Sequence[models.Field[Any, Any]]) -> list[str]:
    """How each of them is got out of one array of values there."""
    return [_cast(place, field) for place, field in enumerate(fields)]


def _cast(place: int, field: models.Field[Any, Any]) -> str:
    kind = field.db_type(connection)
    return f"one.value->{place}" if kind == "jsonb" else f"(one.value->>{place})::{kind}"
