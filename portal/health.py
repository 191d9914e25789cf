"""When a part of the house counts as silent, and what that means in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from sync.models import Heartbeat

# The worker says so every minute; three missed in a row are no coincidence.
WORKER_SILENCE = timedelta(minutes=3)
# A sync runs every five minutes.
SYNC_SILENCE = timedelta(minutes=20)
WORKER_SILENT = "The worker has not been heard for three minutes: nothing is sent or received until it runs."


def worker_problem() -> str | None:
    return None if Heartbeat.is_fresh("worker", within=WORKER_SILENCE) else WORKER_SILENT


def is_silent(last: datetime | None, *, since: timedelta) -> bool:
    """Was it last heard longer ago than that, or never?"""
    return last is None or last <= timezone.now() - since
