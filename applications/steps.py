"""What the worker does for applications: it looks for those whose answer was lost."""

from __future__ import annotations

from django.utils import timezone

from applications.models import PendingApplication
from applications.services.settling import settle_application


def drain() -> int:
    """Look for every wish that is due, once. Returns how many that were."""
    now = timezone.now()
    due = list(PendingApplication.objects.open().filter(due_at__lte=now, ends_at__lte=now).order_by("due_at"))
    for pending in due:
        settle_application(pending=pending)
    return len(due)
