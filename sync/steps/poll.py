"""Ask Telnyx by id about faxes whose end no event has told, or whose events contradict each other."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from faxes.models import Fax
from faxes.services import refresh
from telnyx_api import TelnyxError

log = structlog.get_logger(__name__)

SOONEST = timedelta(minutes=1)
LATEST = timedelta(hours=1)


def drain() -> int:
    """Ask until nothing is due, or Telnyx has no ear for it at the moment. Returns how many faxes were asked about."""
    count, goes_on = 0, True
    while goes_on and (fax := _claim()) is not None:
        with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
            goes_on = _ask(fax)
        count += 1
    return count


def _ask(fax: Fax) -> bool:
    """False where the next question would run into the same trouble: the sweep asks on, a minute later."""
    try:
        refresh(fax=fax)
    except (TelnyxError, ValueError) as error:
        # Its next poll is planned already.
        log.warning("poll.failed", error=str(error))
        return not (isinstance(error, TelnyxError) and error.retryable)
    return True


def _claim() -> Fax | None:
    """Taking a fax is moving its next poll: the longer it has been open, the rarer."""
    now = timezone.now()
    due = Fax.objects.filter(poll_at__lte=now, telnyx_id__isnull=False, gone_at=None).order_by("poll_at")
    for fax in due[:20]:
        following = now + min(LATEST, max(SOONEST, (now - fax.created_at) / 4))
        with transaction.atomic():
            if Fax.objects.filter(pk=fax.pk, poll_at=fax.poll_at).update(poll_at=following) == 1:
                return fax
    return None
