"""Forget what gaps say of faxes that were deleted here for good: numbers above all. That there was a gap stays."""

from __future__ import annotations

from faxes.models import Tombstone
from sync.models import Gap


def drain() -> int:
    """Returns of how many gaps that was."""
    deleted = Gap.objects.filter(telnyx_id__in=Tombstone.objects.values("telnyx_id"))
    return deleted.exclude(data={}).update(data={})
