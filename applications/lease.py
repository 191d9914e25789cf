"""One at a time: who writes an application at Telnyx, or looks what became of one, holds its row for as long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

# Longer than all calls of one act take, waits included. Whoever dies meanwhile blocks nobody after that.
LEASE = timedelta(minutes=5)


@contextmanager
def held(rows: QuerySet[Any]) -> Iterator[bool]:
    """Hold the one row of `rows` until the block ends. False when somebody else has it, or nothing is there to hold."""
    now = timezone.now()
    until = now + LEASE
    free = rows.filter(Q(leased_until=None) | Q(leased_until__lt=now))
    pk = free.values_list("pk", flat=True).first()
    won = pk is not None and free.filter(pk=pk).update(leased_until=until) == 1
    try:
        yield won
    finally:
        if won:
            rows.model._default_manager.filter(pk=pk, leased_until=until).update(leased_until=None)
