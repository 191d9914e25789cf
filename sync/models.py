"""What the reconciliation with Telnyx did, and which of our parts are alive."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def complete(self) -> Self:
        """Those that came to their end with every part."""
        return self.filter(finished_at__isnull=False, error="")

    def that_read(self, part: str) -> Self:
        """Those that are over, and came to the end of this part with all of it, whatever became of the others."""
        # SQLite cannot ask whether a list in JSON contains something.
        has_read = Q(cursor__done__icontains=f'"{part}"') & ~Q(cursor__errors__has_key=part)
        return self.filter(Q(error="") | has_read, finished_at__isnull=False)


class SyncRun(models.Model):
    """One pass over Telnyx's lists: pending work like any other, with a lease, that goes on where it stopped.

    A run that ended early says what stopped it. One of each kind is under way at a time.
    """

    class Kind(models.TextChoices):
        RECENT = "recent", "Recent faxes"
        FULL = "full", "Everything"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.RECENT)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    # From when on faxes are read; None is from the first one.
    window_start = models.DateTimeField(null=True, blank=True)
    # A first fill of faxes: what it finds had not gone missing, so it is told of in numbers alone.
    is_baseline = models.BooleanField("first fill", default=False)
    # Who asked for it; nobody where it was due.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    # Which parts are done, and where the faxes go on.
    cursor = models.JSONField(default=dict, blank=True)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    owner = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(finished_at=None), name="sync_run_one_a_kind")
        ]
        indexes = [models.Index(fields=["-started_at", "-id"], name="sync_run_list")]

    def __str__(self) -> str:
        return f"Sync of {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_complete(self) -> bool:
        return self.finished_at is not None and not self.error

    @property
    def has_read_faxes(self) -> bool:
        """It is over, and has seen all faxes that it was to see, whatever became of the rest."""
        done = "faxes" in self.cursor.get("done", []) and "faxes" not in self.cursor.get("errors", {})
        return self.is_complete or (self.finished_at is not None and done)


class Gap(models.Model):
    """One disagreement with Telnyx that a sync found: what was missing on which side, and what was done about it."""

    class Side(models.TextChoices):
        HERE = "here", "Telnyx has it, we did not"
        THERE = "there", "We have it, Telnyx does not"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="gaps")
    side = models.CharField(max_length=10, choices=Side.choices)
    # What is missing: the whole "fax", or something of it, such as its "status".
    what = models.CharField(max_length=40)
    telnyx_id = models.CharField(max_length=255)
    fax = models.ForeignKey("faxes.Fax", models.SET_NULL, null=True, blank=True, related_name="gaps")
    # How it read on either side, so that the line stays true when the fax goes on.
    data = models.JSONField(default=dict, blank=True)
    found_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    # What was done, in a word of ours.
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-found_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["run", "telnyx_id", "what", "side"], name="gap_once_a_run")]
        indexes = [
            models.Index(fields=["side", "-found_at", "-id"], name="gap_list"),
            models.Index(fields=["side"], name="gap_open", condition=models.Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()}: {self.what} {self.telnyx_id}"


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
