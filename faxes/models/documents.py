"""Files, and the sheets of the compose page that they are put on."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import Team


class Batch(models.Model):
    """One sheet of the compose page: its id is the one-use form token, so that a form sent twice is sent once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+", null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="batches")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return f"Batch {self.id}"


def document_name(document: Document, filename: str) -> str:
    """Where a file is stored: under our id, never under a name that somebody chose."""
    return f"{document.kind}/{document.id.hex[:2]}/{document.id}.{filename.rpartition('.')[2]}"


class Document(models.Model):
    """One stored file, checked before it was stored. The row comes first and goes last, so that no file is without one.

    It stays when the file is deleted, and says what had been there.
    """

    class Kind(models.TextChoices):
        UPLOAD = "upload", "Upload"
        OUTGOING = "outgoing", "Outgoing"
        RECEIVED = "received", "Received"
        # A PDF made of a received TIFF, for viewing; the TIFF is kept beside it.
        PREVIEW = "preview", "Preview"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    file = models.FileField(upload_to=document_name, max_length=255)
    name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    pages = models.PositiveIntegerField()
    content_type = models.CharField(max_length=100)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="documents")
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    # Since when the whole file is in the storage; and since when it is there no more.
    stored_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "created_at"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="document_list")]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def is_here(self) -> bool:
        return self.stored_at is not None and self.purged_at is None
