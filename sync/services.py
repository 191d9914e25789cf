"""Reconcile with Telnyx: what webhooks told is what its lists show, or it is mended here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from applications.mirror import apply_application, apply_number, mark_gone
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import client
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import FaxEvent
from faxes.outbox import KEPT_AT_TELNYX
from faxes.states import Direction
from sync.models import Heartbeat, SyncRun
from telnyx_api import Client, TelnyxError
from telnyx_api import Fax as FaxPayload
from telnyx_api.listing import Listing
from wake import wake

log = structlog.get_logger(__name__)

# A listing may show a fax a little after it was made.
OVERLAP = timedelta(hours=1)

Part = Callable[[Client, SyncRun, Counter[str]], None]


def sync_recent(*, window: timedelta | None = None) -> SyncRun:
    """One pass over applications, numbers and the faxes of the recent window, in both directions.

    Telnyx has no list of what changed (https://developers.telnyx.com/api/programmable-fax/list-faxes), so a window of
    `created_at` is read again each time, and all the time since the last complete run. A run that Telnyx interrupted
    keeps what it brought and says what stopped it; a part that fails holds up no other.
    """
    run = SyncRun.objects.create(window_start=_window_start(window or timedelta(hours=settings.SYNC_WINDOW_HOURS)))
    counts: Counter[str] = Counter()
    try:
        with client() as telnyx:
            errors = [error for part in PARTS if (error := _error_of(part, telnyx, run, counts))]
    except ValueError as error:
        errors = [str(error)]
    run.error = "\n".join(dict.fromkeys(errors))
    if not errors:
        Heartbeat.beat("telnyx")
    run.counts, run.finished_at = dict(counts), timezone.now()
    run.save(update_fields=["counts", "finished_at", "error"])
    for step in ("process", "submit", "archive", "settle"):
        wake(step)
    return run


def _error_of(part: Part, telnyx: Client, run: SyncRun, counts: Counter[str]) -> str:
    """Carry out a part of the run. What stopped it, or an empty string."""
    try:
        part(telnyx, run, counts)
    except TelnyxError as error:
        log.warning("sync.partial", error=str(error))
        return str(error)
    return ""


def _window_start(window: timedelta) -> datetime:
    """So far back, and at least to the last complete run: what came in during an outage is found after it. The first
    run looks for everything whose pages Telnyx may still have."""
    now = timezone.now()
    complete = SyncRun.objects.filter(finished_at__isnull=False, error="").first()
    known_until = complete.started_at if complete else now - KEPT_AT_TELNYX
    return min(now - window, known_until - OVERLAP)


def _sync_applications(telnyx: Client, run: SyncRun, counts: Counter[str]) -> None:
    begun = timezone.now()
    listing = Listing(lambda number: telnyx.fax_applications_page(number=number))
    counts["applications"] = sum(apply_application(payload) is not None for payload in listing)
    if listing.is_complete:
        counts["applications_gone"] = mark_gone(FaxApplication, seen=listing.ids, at=begun)


def _sync_numbers(telnyx: Client, run: SyncRun, counts: Counter[str]) -> None:
    begun = timezone.now()
    listing = Listing(lambda number: telnyx.phone_numbers_page(number=number))
    counts["numbers"] = sum(apply_number(payload) is not None for payload in listing)
    if listing.is_complete:
        counts["numbers_gone"] = mark_gone(PhoneNumber, seen=listing.ids, at=begun)


def _sync_faxes(telnyx: Client, run: SyncRun, counts: Counter[str]) -> None:
    # No upper end: Telnyx's clock and ours need not agree, and a fax made meanwhile can only shift rows towards pages
    # still to be read.
    for payload in telnyx.list_faxes(created_gte=run.window_start):
        verdict, _ = apply_remote(Report.of_fax(payload, source=FaxEvent.Source.SYNC))
        counts["faxes"] += 1
        counts[f"faxes_{verdict.value}"] += 1
    if counts[f"faxes_{Verdict.UNUSABLE.value}"]:
        _sync_received(telnyx, run, counts)


def _sync_received(telnyx: Client, run: SyncRun, counts: Counter[str]) -> None:
    """Any field may be left out, the direction too. Which faxes were received is then told by asking for them alone."""
    listed = list(telnyx.list_faxes(created_gte=run.window_start, direction=Direction.INBOUND.value))
    if any(payload.direction == Direction.OUTBOUND for payload in listed):
        log.warning("sync.directions_not_told_apart")
        return
    for payload in listed:
        record = FaxPayload.parse({**payload.raw, "direction": Direction.INBOUND.value})
        verdict, _ = apply_remote(Report.of_fax(record, source=FaxEvent.Source.SYNC))
        counts[f"received_{verdict.value}"] += 1


# Numbers before faxes, because they say whose a fax is.
PARTS: tuple[Part, ...] = (_sync_applications, _sync_numbers, _sync_faxes)
