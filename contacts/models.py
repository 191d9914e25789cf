"""The other ends of the line."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models import Team


class Correspondent(models.Model):
    """One row per team and outside number. Faxes point here, and searches look here before they look at faxes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The constraint begins with the team.
    team = models.ForeignKey(Team, models.CASCADE, related_name="correspondents", db_index=False)
    number = models.CharField(max_length=64)
    name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "number"], name="correspondent_once_per_team")]

    def __str__(self) -> str:
        return self.name or self.number
