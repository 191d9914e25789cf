"""The ledger: every event Telnyx delivered, kept raw, processed later."""

from __future__ import annotations

import uuid

from django.db import models


class Delivery(models.Model):
    """One event, however often it was delivered. The raw body is kept as it was signed."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        DONE = "done", "Applied"
        IGNORED = "ignored", "Nothing to do"
        FAILED = "failed", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event_id = models.CharField(max_length=255, unique=True)
    event_type = models.CharField(max_length=255, blank=True)
    fax_telnyx_id = models.CharField(max_length=255, blank=True, db_index=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    attempt = models.IntegerField(null=True, blank=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    repeats = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(null=True, blank=True)
    owner = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    processed_at = models.DateTimeField(null=True, blank=True)
    fax = models.ForeignKey("faxes.Fax", models.SET_NULL, null=True, blank=True, related_name="deliveries")
    outcome = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-received_at", "-id"]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="delivery_list"),
            models.Index(fields=["due_at"], name="delivery_due", condition=models.Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.event_type or 'event'} {self.event_id}"
