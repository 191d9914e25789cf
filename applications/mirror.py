"""The one door for what Telnyx says about applications and numbers. It writes their columns and no others.

A payload changes only the keys it contains: absent is not null. What a listing no longer contains is marked gone, never
deleted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime, timedelta
from types import NoneType
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from applications.models import FaxApplication, Mirrored, PhoneNumber
from telnyx_api import FaxApplication as ApplicationPayload
from telnyx_api import PhoneNumber as NumberPayload
from telnyx_api.reading import legible, moment

Row = TypeVar("Row", bound=Mirrored)

APPLICATION_KEYS = {
    "application_name": "application_name",
    "active": "active",
    "anchorsite_override": "anchorsite_override",
    "webhook_event_url": "webhook_event_url",
    "webhook_event_failover_url": "webhook_event_failover_url",
    "webhook_timeout_secs": "webhook_timeout_secs",
    "inbound.channel_limit": "inbound_channel_limit",
    "inbound.sip_subdomain": "inbound_sip_subdomain",
    "inbound.sip_subdomain_receive_settings": "inbound_sip_subdomain_receive_settings",
    "outbound.channel_limit": "outbound_channel_limit",
    "outbound.outbound_voice_profile_id": "outbound_voice_profile_id",
    "tags": "tags",
}
NUMBER_KEYS = {"phone_number": "phone_number", "connection_id": "connection_id", "status": "status"}

INTEGER_LIMIT = 2**31 - 1
TEXTS = (models.CharField, models.TextField)
# Telnyx nests two or three levels; what goes far beyond would exhaust us before it exhausts JSON.
DEEPEST = 50
# So far Telnyx's clock may be ahead of ours. What it calls later than that says nothing about what is older.
CLOCKS_DIFFER = timedelta(hours=1)
PLAIN = frozenset({NoneType, bool, int, str})


def apply_application(payload: ApplicationPayload, *, asked_at: datetime | None = None) -> FaxApplication | None:
    """Bring one application up to date; None when the payload names no id, so that there is nothing to hold on to.

    `asked_at` is when Telnyx was asked, where that may be a while ago: what has been found to be gone since does not
    come back to life by it, and what we have written since is not taken back.
    """
    return _apply(FaxApplication, APPLICATION_KEYS, payload, asked_at)


def apply_number(payload: NumberPayload, *, asked_at: datetime | None = None) -> PhoneNumber | None:
    """Bring one phone number up to date, as `apply_application()` does."""
    return _apply(PhoneNumber, NUMBER_KEYS, payload, asked_at)


def known_ids(model: type[Mirrored]) -> set[str]:
    """Telnyx's ids of all rows. Taken before a listing begins, of these it can tell that they are gone."""
    known = model._default_manager.filter(telnyx_id__isnull=False).values_list("telnyx_id", flat=True)
    return {telnyx_id for telnyx_id in known if telnyx_id}


def missing(model: type[Row], *, known: Set[str], listed: Iterable[str | None]) -> models.QuerySet[Row]:
    """The rows that were known before a *complete* listing began, and are not in it. What was mirrored by somebody else
    since then may have been made after its page was listed."""
    ids = known - {usable_id(telnyx_id) for telnyx_id in listed}
    return model._default_manager.filter(telnyx_id__in=ids, gone_at=None)


def mark_row_gone(row: Mirrored) -> bool:
    """Mark one row that Telnyx has no more. False where somebody had done so already."""
    return type(row)._default_manager.filter(pk=row.pk, gone_at=None).update(gone_at=timezone.now()) == 1


def promoted(model: type[models.Model], keys: Mapping[str, str], raw: Mapping[str, Any]) -> dict[str, Any]:
    """The column values for the keys (dotted for nested objects) that the payload contains, fitted to the columns."""
    values = {}
    for key, column in keys.items():
        found, value = (key in raw, raw.get(key)) if "." not in key else look_up(raw, key.split("."))
        if found:
            values[column] = fitted(model._meta.get_field(column), value)
    return values


def fitted(column: Any, value: Any) -> Any:
    """Telnyx's value in the shape of our column, so that no word or type of theirs can break a write."""
    if isinstance(column, TEXTS):
        value = storable(value)
        return "" if value is None else str(value)[: column.max_length]
    if isinstance(column, models.IntegerField):
        return _whole(value)
    if isinstance(column, models.BooleanField):
        return value if isinstance(value, bool) else None
    value = storable(value)
    return value if value is not None else column.get_default()


def _whole(value: Any) -> int | None:
    """A whole number, however it is written: 10, "10" or 10.0."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else None
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INTEGER_LIMIT
    return value if is_number else None


def storable(value: Any, room: int = DEEPEST) -> Any:
    """The same JSON without what a database refuses: NUL, half a surrogate pair, and what is beyond all bounds."""
    if isinstance(value, str):
        return legible(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, dict | list | Mapping | tuple):
        return value
    if not room:
        return None
    if isinstance(value, dict | Mapping):
        if _is_plain(value):
            return dict(value)
        return {storable(key): storable(inner, room - 1) for key, inner in value.items()}
    return [storable(inner, room - 1) for inner in value]


def _is_plain(document: Mapping[str, Any]) -> bool:
    """Flat, and of words that any database takes. Nearly all that comes is so, and a sync brings millions."""
    if not PLAIN.issuperset(map(type, document.values())):
        return False
    words = "".join([*document, *(value for value in document.values() if type(value) is str)])
    return words.isascii() and "\x00" not in words


def usable_id(telnyx_id: str | None) -> str:
    """Telnyx's ids are UUIDs or short numbers; what no column could hold is no id to us."""
    telnyx_id = legible(telnyx_id or "")
    return telnyx_id if len(telnyx_id) <= 255 else ""


def _apply(
    model: type[Row], keys: Mapping[str, str], payload: ApplicationPayload | NumberPayload, asked_at: datetime | None
) -> Row | None:
    raw, at = payload.raw, payload.updated_at
    if not (telnyx_id := usable_id(payload.id)):
        return None
    rows = model._default_manager
    with transaction.atomic():
        rows.bulk_create([model(telnyx_id=telnyx_id)], ignore_conflicts=True)
        row = rows.select_for_update().get(telnyx_id=telnyx_id)
        now = timezone.now()
        # What is yet to come was noted by a clock that was wrong.
        is_older = at and row.remote_at and at < row.remote_at < now + CLOCKS_DIFFER
        if is_older or (asked_at and any(asked_at < since <= now for since in _news(row))):
            return row
        values = promoted(model, keys, raw)
        values |= {"raw": row.raw | storable(raw), "remote_at": at or row.remote_at, "gone_at": None}
        for column, value in values.items():
            setattr(row, column, value)
        row.save(update_fields=list(values))
    return row


def _news(row: Any) -> Iterator[datetime]:
    """Since when things are so of which older words know nothing: that it is gone, and what we have written."""
    if row.gone_at:
        yield row.gone_at
    for note in row.written.values():
        if isinstance(note, Mapping) and (at := moment(note, "at")):
            yield at


def look_up(raw: Mapping[str, Any], path: list[str]) -> tuple[bool, Any]:
    """Whether the payload contains this, in objects within objects, and what it says."""
    value: Any = raw
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return False, None
        value = value[name]
    return True, value
