"""Forget e-mails that have ended, some weeks afterwards. Those about a fax go earlier where it is deleted for good."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from notifications.models import Mail

# For as long somebody may look what became of one, or send it again.
KEPT = timedelta(days=30)


def drain() -> int:
    """Returns how many e-mails were forgotten."""
    ended = [Mail.State.SENT, Mail.State.UNSURE, Mail.State.FAILED]
    count, _ = Mail.objects.filter(state__in=ended, created_at__lt=timezone.now() - KEPT).delete()
    return count
