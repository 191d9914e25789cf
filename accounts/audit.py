"""The audit log: append-only, one hash chain per team and one for the house."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.utils import timezone

from accounts.models import LogEntry, LogHead, Team, User

HOUSE = "house"


@dataclass(frozen=True)
class Entry:
    """What is to be remembered. `by` is None for what the portal did by itself."""

    action: str
    by: User | None = None
    on: models.Model | None = None
    team: Team | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def record(*entries: Entry) -> None:
    """Append entries to their chains. Call it last in the transaction of the change it describes.

    The head rows are locked in the order of their names, and last of all locks, so that two transactions can never
    wait for each other. Raises RuntimeError outside a transaction: an entry without its change would be a lie.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record() belongs inside the transaction of the change it describes.")
    for chain in sorted({chain_of(entry) for entry in entries}):
        _append(chain, [entry for entry in entries if chain_of(entry) == chain])


def chain_of(entry: Entry) -> str:
    return str(entry.team.pk) if entry.team else HOUSE


def digest(entry: LogEntry) -> str:
    """SHA-256 over the canonical JSON of everything an entry says, the previous hash included."""
    said = {
        "chain": entry.chain,
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "actor": [entry.actor_id, entry.actor_name],
        "action": entry.action,
        "object": [entry.object_type, entry.object_id, entry.object_name],
        "data": entry.data,
        "previous": entry.previous_hash,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _append(chain: str, entries: list[Entry]) -> None:
    LogHead.objects.bulk_create([LogHead(chain=chain)], ignore_conflicts=True)
    head = LogHead.objects.select_for_update().get(chain=chain)
    rows = []
    for entry in entries:
        row = _row(entry, chain=chain, sequence=head.sequence + 1, previous=head.hash)
        head.sequence, head.hash = row.sequence, row.hash
        rows.append(row)
    LogEntry.objects.bulk_create(rows)
    head.save(update_fields=["sequence", "hash"])


def _row(entry: Entry, *, chain: str, sequence: int, previous: str) -> LogEntry:
    row = LogEntry(
        chain=chain,
        sequence=sequence,
        at=timezone.now(),
        actor_id=str(entry.by.pk) if entry.by else "",
        actor_name=str(entry.by)[:200] if entry.by else "",
        action=entry.action,
        object_type=entry.on._meta.label_lower if entry.on else "",
        object_id=str(entry.on.pk) if entry.on else "",
        object_name=str(entry.on)[:200] if entry.on else "",
        # Through JSON once, so that what is hashed is what the database gives back.
        data=json.loads(json.dumps(dict(entry.data), cls=DjangoJSONEncoder)),
        previous_hash=previous,
    )
    row.hash = digest(row)
    return row
