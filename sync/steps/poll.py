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
    """Ask until nothing is due. Returns how many faxes were asked about."""
    count = 0
    while poll_next():
        count += 1
    return count


def poll_next() -> bool:
    fax = _claim()
    if fax is None:
        return False
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        _ask(fax)
    return True


def _ask(fax: Fax) -> None:
    try:
        refresh(fax=fax)
    except (TelnyxError, ValueError) as error:
        # Its next poll is planned already.
        log.warning("poll.failed", error=str(error))


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
