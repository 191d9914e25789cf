"""Events that Telnyx could not deliver: they tell what no list of faxes does, such as page counts and durations.

https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db.models import Count
from django.utils import timezone

from faxes.mirror import Report, Verdict
from faxes.models import Fax, FaxEvent
from faxes.outbox import KEPT_AT_TELNYX
from sync.ahead import ahead
from sync.gaps import Gaps
from sync.hand import Hand
from sync.models import SyncRun
from sync.reading import clock
from sync.taking import Taker
from telnyx_api import Client, NotFound
from telnyx_api import Fax as FaxPayload
from telnyx_api.listing import Listing

log = structlog.get_logger(__name__)

# Those of other products are none of ours. Other events of faxes are met at the door, or in the list of faxes.
EVENTS = (
    "fax.queued",
    "fax.media.processed",
    "fax.sending.started",
    "fax.delivered",
    "fax.failed",
    "fax.receiving.started",
    "fax.media.processing.started",
    "fax.received",
)
# Telnyx's clock and ours need not agree, and its list may be a little late.
OVERLAP = timedelta(minutes=15)
LATEST_RUNS = 20


def undelivered(telnyx: Client, hand: Hand) -> None:
    """Take in every event whose delivery has failed since an earlier run looked."""
    begun = clock(telnyx)
    if not hand.run.is_baseline:
        gaps = Gaps(hand, partial(clock, telnyx))
        taker = Taker(hand, gaps)
        since = _looked_at(hand.run) - OVERLAP
        listing = Listing(
            lambda number: telnyx.webhook_deliveries_page(
                number=number, status="failed", event_type=",".join(EVENTS), finished_gte=since
            )
        )
        for page in ahead(listing.pages(), hand.keep):
            for delivery in page:
                if (delivery.event.event_type or "").startswith("fax."):
                    report = Report.of_event(delivery.event, source=FaxEvent.Source.SYNC)
                    before = _known(report)
                    _take_in(telnyx, taker, report)
                    # Many were read by an earlier run, or have come another way.
                    hand.counts["undelivered"] += _known(report) != before
                hand.keep()
    hand.cursor["undelivered_until"] = begun.isoformat()


def _take_in(telnyx: Client, taker: Taker, report: Report) -> None:
    """An outbound fax that no row knows comes to life from Telnyx's own record, and the event then adds to it."""
    if taker.one(report) is not Verdict.UNKNOWN:
        return
    try:
        payload = telnyx.get_fax(report.telnyx_id)
    except (NotFound, ValueError):
        # It was deleted there, or what the event names cannot be an id.
        return
    record = FaxPayload({**report.payload, **payload.raw, "id": report.telnyx_id})
    taker.one(Report.of_fax(record, source=FaxEvent.Source.SYNC, retrieved=True))
    taker.one(report)


def _known(report: Report) -> Any:
    """All that is known of the fax, so that two looks at it can be compared."""
    faxes = Fax.objects.filter(telnyx_id=report.telnyx_id).order_by("pk")
    return faxes.values_list("status", "raw").annotate(Count("events")).first()


def _looked_at(run: SyncRun) -> datetime:
    """Until when an earlier run has looked. The first one looks as far back as it does for faxes."""
    # However many runs there were since in which the list could not be read.
    others = SyncRun.objects.exclude(pk=run.pk).filter(cursor__has_key="undelivered_until")[:LATEST_RUNS]
    told = [datetime.fromisoformat(one.cursor["undelivered_until"]) for one in others]
    return max(told, default=run.window_start or timezone.now() - KEPT_AT_TELNYX)
