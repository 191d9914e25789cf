"""What a run consists of. Each part is safe to repeat, and one that fails holds up no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import structlog
from django.utils import timezone

from applications.mirror import apply_application, apply_number, mark_gone
from applications.models import FaxApplication, PhoneNumber
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import FaxEvent
from faxes.states import Direction
from sync.hand import Hand
from telnyx_api import Client
from telnyx_api import Fax as FaxPayload
from telnyx_api.listing import Listing

log = structlog.get_logger(__name__)


class Part(NamedTuple):
    title: str
    work: Callable[[Client, Hand], None]


def applications(telnyx: Client, hand: Hand) -> None:
    begun = timezone.now()
    listing = Listing(lambda number: telnyx.fax_applications_page(number=number))
    hand.counts["applications"] = sum(apply_application(payload) is not None for payload in listing)
    if listing.is_complete:
        hand.counts["applications_gone"] = mark_gone(FaxApplication, seen=listing.ids, at=begun)


def numbers(telnyx: Client, hand: Hand) -> None:
    begun = timezone.now()
    listing = Listing(lambda number: telnyx.phone_numbers_page(number=number))
    hand.counts["numbers"] = sum(apply_number(payload) is not None for payload in listing)
    if listing.is_complete:
        hand.counts["numbers_gone"] = mark_gone(PhoneNumber, seen=listing.ids, at=begun)


def faxes(telnyx: Client, hand: Hand) -> None:
    # No upper end: Telnyx's clock and ours need not agree, and a fax made meanwhile can only shift rows towards pages
    # still to be read.
    for payload in telnyx.list_faxes(created_gte=hand.run.window_start):
        verdict, _ = apply_remote(Report.of_fax(payload, source=FaxEvent.Source.SYNC))
        hand.counts["faxes"] += 1
        hand.counts[f"faxes_{verdict.value}"] += 1
        hand.keep()
    if hand.counts[f"faxes_{Verdict.UNUSABLE.value}"]:
        _received(telnyx, hand)


def _received(telnyx: Client, hand: Hand) -> None:
    """Any field may be left out, the direction too. Which faxes were received is then told by asking for them alone."""
    listed = list(telnyx.list_faxes(created_gte=hand.run.window_start, direction=Direction.INBOUND.value))
    if any(payload.direction == Direction.OUTBOUND for payload in listed):
        log.warning("sync.directions_not_told_apart")
        return
    for payload in listed:
        record = FaxPayload.parse({**payload.raw, "direction": Direction.INBOUND.value})
        verdict, _ = apply_remote(Report.of_fax(record, source=FaxEvent.Source.SYNC))
        hand.counts[f"received_{verdict.value}"] += 1
        hand.keep()


# Numbers before faxes, because they say whose a fax is.
PARTS = {
    "applications": Part("Applications", applications),
    "numbers": Part("Numbers", numbers),
    "faxes": Part("Faxes", faxes),
}
