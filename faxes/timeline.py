"""What happened to a fax, a line each, written only when it says something new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from applications.mirror import storable
from faxes.models import Fax, FaxEvent

# What a status report may add that a person wants to read beside it.
TELLING = ("failure_reason", "page_count", "call_duration_secs", "partial_content")


def note(
    fax: Fax,
    kind: str,
    *,
    source: FaxEvent.Source = FaxEvent.Source.PORTAL,
    by: User | None = None,
    at: datetime | None = None,
    **data: Any,
) -> None:
    """Add a line. `at` is when it happened elsewhere; our own time is always kept beside it."""
    FaxEvent.objects.create(fax=fax, kind=kind[:40], source=source, by=by, occurred_at=at, data=data)


def note_status(
    fax: Fax, status: str, *, source: FaxEvent.Source, at: datetime | None, payload: Mapping[str, Any]
) -> None:
    """Add a line for a status the first time anybody reports it: repeats and second sources say nothing new."""
    kind = f"status:{status}"[:40]
    if FaxEvent.objects.filter(fax=fax, kind=kind).exists():
        return
    data = {key: payload[key] for key in TELLING if isinstance(payload.get(key), str | int)}
    note(fax, kind, source=source, at=at, **storable(data))
