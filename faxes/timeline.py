"""What happened to a fax, a line each, written only when it says something new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from applications.mirror import storable
from faxes.models import Fax, FaxEvent
from faxes.states import is_final

# What a status report may add that a person wants to read beside it.
TELLING = ("failure_reason", "page_count", "call_duration_secs", "partial_content")
# Telnyx's copy goes because somebody wants it to.
DELETION = ("deletion_asked", "deleted_at_telnyx")
# We asked, and Telnyx answered.
FOUND_OUT = (FaxEvent.Source.SYNC, FaxEvent.Source.ANSWER)


def note(
    fax: Fax,
    kind: str,
    *,
    source: FaxEvent.Source = FaxEvent.Source.PORTAL,
    by: User | None = None,
    at: datetime | None = None,
    **data: Any,
) -> FaxEvent:
    """Add a line. `at` is when it happened elsewhere; our own time is always kept beside it."""
    return FaxEvent.objects.create(fax=fax, kind=kind[:40], source=source, by=by, occurred_at=at, data=data)


def note_status(
    fax: Fax, status: str, *, source: FaxEvent.Source, at: datetime | None, payload: Mapping[str, Any]
) -> None:
    """Add a line for a status the first time anybody reports it: repeats and second sources say nothing new.

    But where we had to find out the end by ourselves, and Telnyx tells it all the same, the line becomes Telnyx's: then
    nothing had been lost.
    """
    line = status_line(fax, status, source=source, at=at, payload=payload)
    told = FaxEvent.objects.filter(fax=fax, kind=line.kind).first()
    if told is None:
        line.save(force_insert=True)
    elif source == FaxEvent.Source.WEBHOOK and told.source in FOUND_OUT and is_final(status):
        told.source, told.occurred_at = source, at
        told.save(update_fields=["source", "occurred_at"])


def deletion_of(fax: Fax) -> FaxEvent | None:
    """The line by which somebody asked Telnyx to delete the fax, or by which it was done; None where it was nobody's
    wish."""
    return FaxEvent.objects.filter(fax=fax, kind__in=DELETION).select_related("by").order_by("at").first()


def status_line(
    fax: Fax, status: str, *, source: FaxEvent.Source, at: datetime | None, payload: Mapping[str, Any]
) -> FaxEvent:
    """The line for a status. It is not stored yet."""
    data = {key: payload[key] for key in TELLING if isinstance(payload.get(key), str | int)}
    return FaxEvent(fax=fax, kind=f"status:{status}"[:40], source=source, occurred_at=at, data=storable(data))
