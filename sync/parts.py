"""What a run consists of. Each part is safe to repeat, goes on at its cursor, and one that fails holds up no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import structlog
from django.db import transaction
from django.utils import timezone

from applications.mirror import apply_application, apply_number, known_ids, mark_row_gone, missing, usable_id
from applications.models import FaxApplication, Mirrored, PhoneNumber
from applications.services import is_wished_for
from faxes.mirror import Report
from faxes.models import FaxEvent
from faxes.states import Direction
from sync.ahead import ahead
from sync.gaps import Gaps
from sync.hand import Hand, Partial
from sync.missing import ask_for_missing
from sync.models import Gap
from sync.reading import End, Leaf, Reader, clock
from sync.slices import Plan, Slice, halved
from sync.taking import Taker
from sync.undelivered import undelivered
from telnyx_api import Client, NotFound, Page, RateLimited
from telnyx_api import Fax as FaxPayload
from telnyx_api import FaxApplication as ApplicationPayload
from telnyx_api.listing import Listing

log = structlog.get_logger(__name__)

T = TypeVar("T")
Row = TypeVar("Row", bound=Mirrored)


class Part(NamedTuple):
    """`work` raises TelnyxError or Partial for what keeps it from being complete."""

    title: str
    work: Callable[[Client, Hand], None]


def applications(telnyx: Client, hand: Hand) -> None:
    listing = Listing(_page(telnyx.fax_applications_page))
    _mirror(telnyx, hand, "application", FaxApplication, listing, apply_application, telnyx.get_fax_application)


def numbers(telnyx: Client, hand: Hand) -> None:
    listing = Listing(_page(telnyx.phone_numbers_page))
    _mirror(telnyx, hand, "number", PhoneNumber, listing, apply_number, telnyx.get_phone_number)


def faxes(telnyx: Client, hand: Hand) -> None:
    gaps = Gaps(hand, partial(clock, telnyx))
    gaps.look_again(hand)
    taker = Taker(hand, gaps)
    slices = hand.counts["slices"]
    try:
        _walk(telnyx, hand, taker)
    except RateLimited:
        if hand.counts["slices"] == slices:
            hand.cursor["faxes"] = halved(hand.cursor.get("faxes", {}))
        raise
    if stumbled := hand.counts["faxes_stumbled"]:
        hand.trouble(f"{stumbled} faxes could not be recorded here; the log names them.")
    hand.raise_troubles()


def _walk(telnyx: Client, hand: Hand, taker: Taker) -> None:
    plan = Plan.resumed(hand.run.window_start, hand.cursor.get("faxes", {}))
    for read in ahead(iter(Reader(telnyx, plan)), hand.keep):
        if read.expected is not None:
            hand.cursor["expected"] = read.expected
        if isinstance(read, Leaf):
            hand.counts["faxes"] += len(read.faxes)
            taker.page([_listed(payload, asked_at=read.asked_at) for payload in read.faxes])
        else:
            _end_slice(telnyx, hand, taker, read)


def _end_slice(telnyx: Client, hand: Hand, taker: Taker, end: End) -> None:
    if end.trouble:
        hand.trouble(end.trouble)
    if taker.unusable:
        taker.unusable.clear()
        _received(telnyx, hand, taker, end.piece)
    if end.is_proof:
        ask_for_missing(telnyx, hand, taker.gaps, end.piece, end.ids)
    hand.counts["slices"] += 1
    # Not before: whatever stops us until here makes the next worker begin this slice anew.
    hand.cursor["faxes"] = end.cursor
    hand.get_further()


def _received(telnyx: Client, hand: Hand, taker: Taker, piece: Slice) -> None:
    """Any field may be left out, the direction too. Which faxes were received is then told by asking for them alone."""
    asked_at = timezone.now()
    filters = {"created_gte": piece.since, "created_lt": piece.before, "direction": Direction.INBOUND.value}
    received = []
    for page in ahead(Listing(_page(telnyx.faxes_page, **filters)).pages(), hand.keep):
        if any(payload.direction == Direction.OUTBOUND for payload in page):
            log.warning("sync.directions_not_told_apart")
            return
        received.append(page)
    for page in received:
        taker.page([_listed(payload, asked_at=asked_at, direction=Direction.INBOUND.value) for payload in page])


def _listed(payload: FaxPayload, *, asked_at: datetime, **told: str) -> Report:
    payload = FaxPayload({**payload.raw, **told}) if told else payload
    return Report.of_fax(payload, source=FaxEvent.Source.SYNC, asked_at=asked_at)


def _page(fetch: Callable[..., Page[T]], **filters: Any) -> Callable[[int], Page[T]]:
    return lambda number: fetch(number=number, **filters)


def _mirror(
    telnyx: Client,
    hand: Hand,
    what: str,
    model: type[Row],
    listing: Listing[Any],
    apply: Callable[..., Row | None],
    get: Callable[[str], Any],
) -> None:
    """Applications or numbers: bring their rows up to date, and mark those that a complete list has no more. Raises
    Partial where the list says itself that it lacks some."""
    gaps, rows = Gaps(hand, partial(clock, telnyx)), model._default_manager
    known, asked_at = known_ids(model), timezone.now()
    gone = set(rows.filter(gone_at__isnull=False).values_list("telnyx_id", flat=True))
    for page in ahead(listing.pages(), hand.keep):
        for payload in page:
            telnyx_id = usable_id(payload.id)
            if telnyx_id in gone and _is_gone(get, telnyx_id):
                continue
            with transaction.atomic():
                appeared = telnyx_id not in known and not rows.filter(telnyx_id=telnyx_id).exists()
                row = apply(payload, asked_at=asked_at)
                hand.counts[f"{what}s"] += row is not None
                if row is not None and appeared and not _is_ours(payload):
                    gaps.mirrored(what, row, Gap.Side.HERE, outcome="created")
    if listing.is_complete:
        for row in missing(model, known=known, listed=listing.ids):
            with transaction.atomic():
                # Somebody may just have deleted it by our own pages, or be about to hear that it is deleted.
                if _is_in_hand(row) or not mark_row_gone(row):
                    continue
                gaps.mirrored(what, row, Gap.Side.THERE, outcome="kept")
            hand.counts[f"{what}s_gone"] += 1
    elif listing.shortage:
        raise Partial(listing.shortage)


def _is_gone(get: Callable[[str], Any], telnyx_id: str) -> bool:
    """A list may go on showing for a while what was deleted, by our own pages too. Only an answer about it alone brings
    it back."""
    try:
        get(telnyx_id)
    except NotFound:
        return True
    return False


def _is_ours(payload: Any) -> bool:
    """Did somebody make it by our own pages? Its answer may be on its way, or was lost and is being looked for."""
    return isinstance(payload, ApplicationPayload) and is_wished_for(payload)


def _is_in_hand(row: Mirrored) -> bool:
    """Is somebody writing it at Telnyx by our own pages? If that deletes it, they will mark it as gone."""
    return isinstance(row, FaxApplication) and row.leased_until is not None and row.leased_until > timezone.now()


# Numbers before faxes, because they say whose a fax is; what was not delivered after them, because it adds to them.
PARTS = {
    "applications": Part("Applications", applications),
    "numbers": Part("Numbers", numbers),
    "faxes": Part("Faxes", faxes),
    "undelivered": Part("Undelivered webhooks", undelivered),
}
