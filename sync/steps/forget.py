"""What the sync does not keep for ever.

Of faxes that were deleted here for good, what gaps say of them, numbers above all: that there was a gap stays. And the
runs that found nothing, of which there are hundreds a day.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from faxes.models import Tombstone
from sync.models import Gap, SyncRun

RUNS_KEPT = timedelta(days=90)
RUNS_AT_ONCE = 1000


def drain() -> int:
    """Returns of how many gaps that was."""
    deleted = Gap.objects.filter(telnyx_id__in=Tombstone.objects.values("telnyx_id"))
    return deleted.exclude(data={}).update(data={})


def old_runs() -> int:
    """Those over recent faxes that ended long ago and found no gap. Passes over everything stay, and until one of them
    has read all faxes, all runs do: they say since when Telnyx was to tell us of them. Returns how many were deleted.
    """
    if not SyncRun.objects.that_read("faxes").filter(kind=SyncRun.Kind.FULL, window_start=None).exists():
        return 0
    recent = SyncRun.objects.filter(kind=SyncRun.Kind.RECENT, window_start__isnull=False)
    # What cannot be told yet waits in the cursor.
    old = recent.filter(finished_at__lt=timezone.now() - RUNS_KEPT, gaps=None).exclude(cursor__has_key="young")
    count = 0
    while pks := list(old.order_by().values_list("pk", flat=True)[:RUNS_AT_ONCE]):
        count += SyncRun.objects.filter(pk__in=pks).delete()[0]
    return count
