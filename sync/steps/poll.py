"""Ask Telnyx by id about faxes whose end no event has told, or whose events contradict each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from faxes.models import Fax, FaxEvent
from faxes.services import refresh
from sync.gaps import Gaps
from sync.models import SyncRun
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
    else:
        _tell_gap(fax)


def _tell_gap(before: Fax) -> None:
    """What had to be asked for was not told."""
    last = SyncRun.objects.filter(finished_at__isnull=False).first()
    with transaction.atomic():
        fax = Fax.objects.select_for_update(of=("self",)).filter(pk=before.pk).first()
        if fax is None or last is None:
            return
        gaps = Gaps(BetweenRuns(last), timezone.now)
        if fax.gone_at is not None:
            gaps.lost(fax)
        elif not fax.events.filter(kind=f"status:{fax.status}"[:40], source=FaxEvent.Source.WEBHOOK).exists():
            gaps.ended(fax, before=before.status, at=fax.remote_at)


class BetweenRuns:
    """Finds gaps for the run that ended last."""

    def __init__(self, run: SyncRun) -> None:
        self.run = run
        self.is_first_fill = False

    def remember(self, young: list[dict[str, Any]]) -> None:
        run = SyncRun.objects.select_for_update().get(pk=self.run.pk)
        run.cursor["young"] = [*run.cursor.get("young", []), *young]
        run.save(update_fields=["cursor"])

    def found(self, gaps: int) -> None:
        """The run has told its numbers already."""


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
