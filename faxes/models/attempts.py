"""The tries to hand a fax to Telnyx, and the gate through which all of them go."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from faxes.models.fax import Fax


class Attempt(models.Model):
    """One try to hand a fax to Telnyx. Its token travels in `client_state` and `media_name` and stays on record."""

    class State(models.TextChoices):
        UPLOADING = "uploading", "Uploading the pages"
        POSTING = "posting", "Asking Telnyx to send"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Refused"
        UNCERTAIN = "uncertain", "No clear answer"
        NOT_SENT = "not_sent", "Never left"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    fax = models.ForeignKey(Fax, models.CASCADE, related_name="attempts")
    token = models.CharField(max_length=64, unique=True)
    owner = models.UUIDField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.UPLOADING)
    started_at = models.DateTimeField(default=timezone.now)
    posted_at = models.DateTimeField(null=True, blank=True)
    # Since when nobody knew whether Telnyx had taken it; stays when that is settled.
    doubted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # Which evidence settled it, or what is known until then; for a person to read, and for the proof.
    evidence = models.JSONField(default=dict, blank=True)
    telnyx_id = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["started_at", "id"]
        indexes = [
            # For the rates, which count the attempts of the last minute before each fax.
            models.Index(fields=["posted_at"], name="attempt_posted"),
            models.Index(
                fields=["-doubted_at", "-id"], name="attempt_doubted", condition=models.Q(doubted_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.token[:8]} ({self.state})"


class Gate(models.Model):
    """The account's sending gate: shut for a while by a 429, or until a probe passes where Telnyx refuses us."""

    name = models.CharField(primary_key=True, max_length=20)
    closed_until = models.DateTimeField()
    reason = models.CharField(max_length=255)

    def __str__(self) -> str:
        return f"{self.reason} until {self.closed_until:%H:%M:%S}"
