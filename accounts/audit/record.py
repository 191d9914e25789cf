"""Adding to the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import Error, connection, models, transaction
from django.utils import timezone

from accounts.audit.origin import Origin, origin
from accounts.audit.plain import one_line, plain
from accounts.models import LogEntry, LogHead, Team, User

HOUSE = "house"
MOST_NAME = 200


class NotRecorded(Exception):
    """The log cannot be written at the moment. What would have gone on record may not be shown then."""


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
        _append(_locked(chain), [entry for entry in entries if chain_of(entry) == chain])


def record_alone(entry: Entry, *, unless: Collection[str] = (), within: timedelta = timedelta(0)) -> None:
    """Append an entry that describes no change, such as a look, right before what is looked at is given.

    With `unless`, one of these actions of the same person on the same object within the time before stands for it.
    Raises NotRecorded where the log cannot be written: who looks then must get nothing.
    """
    try:
        if unless and _is_there(entry, unless, within):
            return
        with transaction.atomic():
            head = _locked(chain_of(entry))
            # Once more, because the pages of a fax are asked for all at once.
            if not (unless and _is_there(entry, unless, within)):
                _append(head, [entry])
    except Error as error:
        raise NotRecorded(f"{entry.action}: {error}") from error


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
    # Entries older than these columns were hashed without them, and so is what came from nowhere.
    if entry.address or entry.agent:
        said["from"] = [entry.address, entry.agent]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _is_there(entry: Entry, actions: Collection[str], within: timedelta) -> bool:
    row = _row(entry, Origin())
    same = LogEntry.objects.filter(object_type=row.object_type, object_id=row.object_id, actor_id=row.actor_id)
    return same.filter(action__in=actions, at__gte=timezone.now() - within, chain=chain_of(entry)).exists()


def _locked(chain: str) -> LogHead:
    head = LogHead.objects.select_for_update().filter(chain=chain).first()
    if head is None:
        LogHead.objects.bulk_create([LogHead(chain=chain)], ignore_conflicts=True)
        head = LogHead.objects.select_for_update().get(chain=chain)
    return head


def _append(head: LogHead, entries: list[Entry]) -> None:
    rows, here = [], origin()
    for entry in entries:
        row = _row(entry, here)
        row.chain, row.sequence, row.previous_hash = head.chain, head.sequence + 1, head.hash
        row.hash = digest(row)
        head.sequence, head.hash = row.sequence, row.hash
        rows.append(row)
    LogEntry.objects.bulk_create(rows)
    LogHead.objects.filter(chain=head.chain).update(sequence=head.sequence, hash=head.hash)


def _row(entry: Entry, here: Origin) -> LogEntry:
    return LogEntry(
        at=timezone.now(),
        actor_id=str(entry.by.pk) if entry.by else "",
        actor_name=one_line(str(entry.by), MOST_NAME) if entry.by else "",
        action=entry.action,
        object_type=entry.on._meta.label_lower if entry.on else "",
        object_id=str(entry.on.pk) if entry.on else "",
        object_name=one_line(str(entry.on), MOST_NAME) if entry.on else "",
        data=plain(entry.data),
        address=here.address,
        agent=here.agent,
    )
