"""What the reconciliation with Telnyx did, and which of our parts are alive."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone


class SyncRun(models.Model):
    """One pass over Telnyx's lists. A run that did not finish says what stopped it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    window_start = models.DateTimeField()
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [models.Index(fields=["-started_at", "-id"], name="sync_run_list")]

    def __str__(self) -> str:
        return f"Sync of {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_complete(self) -> bool:
        return self.finished_at is not None and not self.error


class Heartbeat(models.Model):
    """When a part of the portal was last seen alive."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls, name: str, *, at: datetime | None = None) -> None:
        rows = [Heartbeat(name=name, at=at or timezone.now())]
        Heartbeat.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["at"])

    @classmethod
    def is_fresh(cls, name: str, *, within: timedelta) -> bool:
        return cls.objects.filter(name=name, at__gt=timezone.now() - within).exists()
