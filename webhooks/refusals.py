"""Refused events are counted and never kept: strangers shall neither grow our tables nor hold their locks.

Each process counts by itself and writes what it has counted a second later, in one statement, from a thread of its own.
What a process had not written when it was killed is lost.
"""

from __future__ import annotations

import threading
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import Error, connections
from django.utils import timezone

from webhooks.models import Refusal, Refused

log = structlog.get_logger(__name__)

# In days.
KEPT = 30


def note(reason: str, address: str) -> None:
    """Count one refusal, for a reason that is one of few: each has a row of its own for each day."""
    _tally.note(reason, address)


def forget_old() -> int:
    """Delete the counts of days long gone. Returns how many rows that were."""
    return Refusal.objects.filter(day__lt=timezone.now().date() - timedelta(days=KEPT)).delete()[0]


class Tally:
    """What this process has counted and not written yet: one entry for each reason and day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[object, str], Refused] = {}
        self._is_planned = False

    def note(self, reason: str, address: str) -> None:
        """Returns at once. A write is planned, unless one is: so there is one thread at most, however slow it is."""
        self._add(Refused(1, timezone.now(), address, reason))
        self._plan()

    def _add(self, refused: Refused) -> None:
        key = refused.last_at.date(), refused.last_reason
        with self._lock:
            before = self._counts.get(key)
            self._counts[key] = before + refused if before else refused

    def _plan(self) -> None:
        with self._lock:
            if self._is_planned:
                return
            self._is_planned = True
        if settings.REFUSALS_WRITTEN_AFTER:
            threading.Timer(settings.REFUSALS_WRITTEN_AFTER, self._write_apart).start()
        else:
            self._write()

    def _write_apart(self) -> None:
        try:
            self._write()
        finally:
            connections.close_all()

    def _write(self) -> None:
        """Write what was counted so far. What the database did not take waits for the next refusal."""
        with self._lock:
            counts, self._counts = list(self._counts.values()), {}
        try:
            Refusal.objects.add(counts)
        except Error as error:
            log.warning("webhook.refusals_not_written", error=type(error).__name__)
            for refused in counts:
                self._add(refused)
            self._end()
        else:
            # Whoever was refused meanwhile has planned nothing.
            if self._end():
                self._plan()

    def _end(self) -> bool:
        """The planned write is over. Is there more to write?"""
        with self._lock:
            self._is_planned = False
            return bool(self._counts)


_tally = Tally()
