"""Settle *uncertain* sends, by evidence only.

Positive: a fax at Telnyx that carries our token; the mirror sees to that whichever way it is reported. Negative: two
complete listings of what went to that number, the first begun a good while after the POST had ended, and every fax in
them known to be another. A fax that may be ours but cannot be told apart leaves the decision to a person.

https://developers.telnyx.com/api/programmable-fax/list-faxes
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from applications.telnyx import client
from faxes import outbox
from faxes.claims import claim, later
from faxes.mirror import Report, Verdict
from faxes.models import Attempt, Fax, FaxEvent
from faxes.services import candidates, open_attempt
from faxes.states import Outbox
from sync.between import take
from telnyx_api import Client, TelnyxError
from telnyx_api.listing import Listing
from wake import wake

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
# How far before the POST a listing reaches: Telnyx's clock and ours need not agree. It has no upper end, for the same
# reason.
BEFORE_POST = timedelta(hours=1)
LISTINGS_NEEDED = 2
FOR_A_PERSON = timedelta(minutes=5)


def drain() -> int:
    """Look for evidence until nothing is due. Returns how many faxes were looked at."""
    count = 0
    while settle_next():
        count += 1
    return count


def settle_next() -> bool:
    fax = claim(Fax.objects.filter(outbox=Outbox.UNCERTAIN), lease=LEASE)
    if fax is None:
        return False
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        _settle(fax)
    return True


def _settle(fax: Fax) -> None:
    attempt = open_attempt(fax)
    if attempt is None:
        # An event settled the fax just after it was taken up.
        log.info("settle.overtaken")
        return
    begun = timezone.now()
    try:
        with client() as telnyx:
            complete, total = _listing_to(telnyx, fax, since=attempt.started_at - BEFORE_POST)
    except (TelnyxError, ValueError) as error:
        log.warning("settle.no_listing", error=str(error))
        complete, total = False, 0
    with transaction.atomic():
        row = Fax.objects.select_for_update(of=("self",)).get(pk=fax.pk)
        if row.outbox == Outbox.UNCERTAIN and row.owner == fax.owner:
            attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
            _weigh(row, attempt, begun=begun, complete=complete, total=total)


def _listing_to(telnyx: Client, fax: Fax, *, since: datetime) -> tuple[bool, int]:
    """Run everything Telnyx lists for the number through the mirror. Was it complete and all known, and how long?"""
    asked_at = timezone.now()
    listing = Listing(lambda number: telnyx.faxes_page(to=fax.to_number, created_gte=since, number=number))
    reports = (Report.of_fax(payload, source=FaxEvent.Source.SYNC, asked_at=asked_at) for payload in listing)
    verdicts = {take(report) for report in reports}
    return listing.is_complete and verdicts <= {Verdict.APPLIED, Verdict.DELETED}, len(listing.ids)


def _weigh(fax: Fax, attempt: Attempt, *, begun: datetime, complete: bool, total: int) -> None:
    """What this listing proves. Nothing, while a candidate is open or the POST is too recent to be listed for sure."""
    since = datetime.fromisoformat(attempt.evidence["since"])
    earliest = since + timedelta(seconds=settings.UNCERTAIN_SETTLE_SECONDS)
    if complete and not candidates(attempt) and begun >= earliest:
        listings = [*attempt.evidence.get("listings", []), {"begun": begun.isoformat(), "faxes": total}]
        attempt.evidence["listings"] = listings
        attempt.save(update_fields=["evidence"])
        if len(listings) >= LISTINGS_NEEDED:
            outbox.resume(fax, attempt)
            return
    _look_again(fax, at=_next_look(fax, attempt, earliest))


def _next_look(fax: Fax, attempt: Attempt, earliest: datetime) -> datetime:
    now = timezone.now()
    if candidates(attempt):
        return now + FOR_A_PERSON
    soon = later(now, fax.tries, first=1, most=settings.UNCERTAIN_SETTLE_SECONDS)
    return max(soon, earliest) if fax.tries > 3 else soon


def _look_again(fax: Fax, *, at: datetime) -> None:
    fax.due_at, fax.tries, fax.owner, fax.leased_until = at, fax.tries + 1, None, None
    fax.save(update_fields=["due_at", "tries", "owner", "leased_until"])
    wait = (at - timezone.now()).total_seconds()
    transaction.on_commit(lambda: wake("settle", after=wait))
