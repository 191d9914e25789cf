"""What we last wrote to Telnyx: by column the value, who wrote it and when.

It lies beside the mirrored columns and is never written by the mirror, so that both can differ: that is drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from applications.mirror import fitted
from applications.models import FaxApplication, PhoneNumber

Writable = FaxApplication | PhoneNumber


@dataclass(frozen=True)
class Written:
    """One column as we last wrote it. `by` is the name of the person then, and empty for the portal itself."""

    value: Any
    by: str
    at: datetime | None


def note_written(row: Writable, values: Mapping[str, Any], by: User | None) -> None:
    """Keep in mind that these columns were written to Telnyx just now, fitted as the mirror fits what comes back.

    Call it in the transaction in which the answer is mirrored. The row is locked, so that two people who write
    different columns at once are both remembered.
    """
    model = type(row)
    now = timezone.now().isoformat()
    notes = {
        column: {"value": fitted(model._meta.get_field(column), value), "by": str(by or ""), "at": now}
        for column, value in values.items()
    }
    with transaction.atomic():
        locked = model._default_manager.select_for_update().only("written").get(pk=row.pk)
        locked.written |= notes
        locked.save(update_fields=["written"])
    row.written = locked.written


def written_value(row: Writable, column: str) -> Written | None:
    """What we last wrote into the column; None where we never did."""
    note = row.written.get(column)
    if not isinstance(note, Mapping) or "value" not in note:
        return None
    return Written(note["value"], str(note.get("by") or ""), _moment(note.get("at")))


def _moment(text: object) -> datetime | None:
    try:
        moment = parse_datetime(str(text))
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
