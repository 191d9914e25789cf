"""Reconcile with Telnyx: what webhooks told is what its lists show, or it is mended here."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from applications.mirror import apply_application, apply_number, mark_gone
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import client
from faxes.mirror import Report, apply_remote
from faxes.models import FaxEvent
from sync.listing import Listing
from sync.models import Heartbeat, SyncRun
from telnyx_api import Client, TelnyxError
from wake import wake

log = structlog.get_logger(__name__)


def sync_recent(*, window: timedelta | None = None) -> SyncRun:
    """One pass over applications, numbers and the faxes of the recent window, in both directions.

    Telnyx has no list of what changed (https://developers.telnyx.com/api/programmable-fax/list-faxes), so a window of
    `created_at` is read again each time. A run that Telnyx interrupted keeps what it brought and says what stopped it.
    """
    now = timezone.now()
    run = SyncRun.objects.create(window_start=now - (window or timedelta(hours=settings.SYNC_WINDOW_HOURS)))
    counts: Counter[str] = Counter()
    try:
        with client() as telnyx:
            _sync_applications(telnyx, counts)
            _sync_numbers(telnyx, counts)
            _sync_faxes(telnyx, run, counts)
    except TelnyxError as error:
        log.warning("sync.partial", error=str(error))
        run.error = str(error)
    else:
        Heartbeat.beat("telnyx")
    run.counts, run.finished_at = dict(counts), timezone.now()
    run.save(update_fields=["counts", "finished_at", "error"])
    for step in ("process", "submit", "archive", "settle"):
        wake(step)
    return run


def _sync_applications(telnyx: Client, counts: Counter[str]) -> None:
    begun = timezone.now()
    listing = Listing(lambda number: telnyx.fax_applications_page(number=number))
    counts["applications"] = sum(apply_application(payload) is not None for payload in listing)
    if listing.is_complete:
        counts["applications_gone"] = mark_gone(FaxApplication, seen=listing.ids, at=begun)


def _sync_numbers(telnyx: Client, counts: Counter[str]) -> None:
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
