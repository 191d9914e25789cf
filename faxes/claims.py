"""How a step takes a row: one conditional UPDATE with a random owner and a lease, and the slow work outside it.

`select_for_update(skip_locked=True)` would do on PostgreSQL alone: SQLite ignores it without a word.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

CANDIDATES = 20


def claim(rows: models.QuerySet[Any], *, lease: timedelta, **changes: Any) -> Any | None:
    """Take the row that has been due longest, apply `changes`, and return it with its new owner; None when none is
    free. A row that a unique constraint refuses (the line to that number is taken) is passed over."""
    now = timezone.now()
    owner = uuid.uuid4()
    free = rows.filter(Q(leased_until=None) | Q(leased_until__lt=now), due_at__lte=now)
    for pk in free.order_by("due_at").values_list("pk", flat=True)[:CANDIDATES]:
        if _won(free.filter(pk=pk), owner=owner, leased_until=now + lease, **changes):
            return rows.model._default_manager.get(pk=pk)
    return None


def _won(row: models.QuerySet[Any], **changes: Any) -> bool:
    try:
        with transaction.atomic():
            return row.update(**changes) == 1
    except IntegrityError:
        return False


def backoff(tries: int, *, first: float = 2.0, most: float = 600.0) -> timedelta:
    """How long to wait after so many tries: doubling, with an upper bound."""
    return timedelta(seconds=min(most, first * 2 ** min(tries, 20)))


def later(now: datetime, tries: int, *, first: float = 2.0, most: float = 600.0) -> datetime:
    return now + backoff(tries, first=first, most=most)
