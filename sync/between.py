"""Gaps that somebody finds between two runs: they are told by the run that ended last."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from faxes.mirror import Report, Verdict, apply_remote, status_under_lock
from faxes.models import Fax, FaxEvent
from sync.gaps import Gaps
from sync.models import SyncRun


def take(report: Report) -> Verdict:
    """One report of a list, by itself."""
    with transaction.atomic():
        before = status_under_lock(report.telnyx_id)
        verdict, fax = apply_remote(report)
        if fax is not None:
            tell(fax, before)
    return verdict


def tell(fax: Fax, before: str | None) -> None:
    """What had to be asked for was not told. `before` is the fax's status then, or None where it had no row. Call it in
    the transaction of the change."""
    last = SyncRun.objects.filter(finished_at__isnull=False).first()
    if last is None:
        return
    gaps = Gaps(_BetweenRuns(last), timezone.now)
    if fax.gone_at is not None:
        gaps.lost(fax)
    elif before is None and not fax.outbox:
        gaps.created([fax])
    elif not fax.events.filter(kind=f"status:{fax.status}"[:40], source=FaxEvent.Source.WEBHOOK).exists():
        gaps.ended(fax, before=before or "", at=fax.remote_at)


class _BetweenRuns:
    def __init__(self, run: SyncRun) -> None:
        self.run = run
        self.is_first_fill = False

    def remember(self, young: list[dict[str, Any]]) -> None:
        if young:
            run = SyncRun.objects.select_for_update().get(pk=self.run.pk)
            run.cursor["young"] = [*run.cursor.get("young", []), *young]
            run.save(update_fields=["cursor"])

    def found(self, gaps: int) -> None:
        """The run has told its numbers already."""
