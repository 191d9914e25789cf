"""What happened to a fax, what people wrote on it and read of it, and what is left when it is gone."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from faxes.models.fax import Fax


class FaxEvent(models.Model):
    """One line of a fax's timeline. Written only when it says something new."""

    class Source(models.TextChoices):
        WEBHOOK = "webhook", "Telnyx told us"
        SYNC = "sync", "Found by the sync"
        ANSWER = "answer", "Telnyx answered"
        PERSON = "person", "A person"
        PORTAL = "portal", "The portal"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    fax = models.ForeignKey(Fax, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)
    occurred_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["fax", "at"], name="fax_event_timeline"),
            # For who reads on where they stopped.
            models.Index(fields=["at"], name="fax_event_at"),
        ]

    def __str__(self) -> str:
        return self.kind


class Note(models.Model):
    """What somebody wrote on a fax, for the team to read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    fax = models.ForeignKey(Fax, models.CASCADE, related_name="notes")
    text = models.TextField(max_length=4000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text[:60]


class ReadMark(models.Model):
    """A user has read a fax; or, without a time, wants it to count as unread, however old it is.

    A fax without a mark is unread when we heard of it after the membership's `read_before`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    fax = models.ForeignKey(Fax, models.CASCADE, related_name="read_marks")
    read_at = models.DateTimeField(null=True, blank=True, default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "fax"], name="read_mark_once")]
        indexes = [models.Index(fields=["user"], name="read_mark_unread", condition=Q(read_at=None))]

    def __str__(self) -> str:
        return f"{self.user}, {self.fax}"


class Tombstone(models.Model):
    """A fax that was deleted here for good: Telnyx may go on listing it, and it does not come back."""

    telnyx_id = models.CharField(max_length=255, primary_key=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.telnyx_id
