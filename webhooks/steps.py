"""What the worker does with kept deliveries: each goes through the mirror's one door, in any order, safe to repeat.

An event about an outbound fax that no row knows is looked up at Telnyx by its id. One that may belong to a send whose
outcome is still open waits for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from applications.telnyx import client
from faxes.claims import backoff, claim
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import Fax, FaxEvent, Tombstone
from sync.between import tell
from telnyx_api import Fax as FaxPayload
from telnyx_api import NotFound, TelnyxError, parse_event
from wake import wake
from webhooks.models import Delivery

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(seconds=30)
SHORTEST_WAIT = timedelta(seconds=1)
# With pauses that double up to an hour, this many questions to Telnyx take a day, ...
MOST_QUESTIONS = 34
# ... and this many attempts to apply what trips us up take some minutes.
MOST_STUMBLES = 8
DELETED_AT_ONCE = 500


def drain() -> int:
    """Process until nothing is due. Returns how many deliveries were taken up."""
    count = 0
    while process_next():
        count += 1
    return count


def forget_deleted() -> int:
    """Delete what Telnyx told about faxes that were deleted here for good. Returns how many deliveries that were."""
    deleted = Delivery.objects.filter(fax_telnyx_id__in=Tombstone.objects.values("telnyx_id"))
    count = 0
    while pks := list(deleted.order_by().values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        count += Delivery.objects.filter(pk__in=pks).delete()[0]
    return count


def process_next() -> bool:
    delivery = claim(Delivery.objects.pending(), lease=LEASE)
    if delivery is None:
        return False
    with structlog.contextvars.bound_contextvars(event_id=delivery.event_id):
        try:
            _process(delivery)
        except (DatabaseError, ValueError) as error:
            # Whatever is wrong with one event must not keep the others waiting.
            log.error("webhook.stumbled", error=type(error).__name__)
            _try_again(delivery, f"This event could not be applied: {error}", most=MOST_STUMBLES)
    return True


def _process(delivery: Delivery) -> None:
    report = Report.of_event(parse_event(bytes(delivery.body)))
    if not report.telnyx_id:
        _finish(delivery, Delivery.State.IGNORED, "Not about a fax.")
        return
    verdict = _apply(delivery, report)
    if verdict is Verdict.WAITS:
        _wait(delivery)
    elif verdict is Verdict.DELETED:
        _finish(delivery, Delivery.State.IGNORED, "This fax was deleted here for good.")
    elif verdict is not Verdict.APPLIED:
        _look_up(delivery, report)


def _apply(delivery: Delivery, report: Report) -> Verdict:
    with transaction.atomic():
        verdict, fax = apply_remote(report)
        if verdict is Verdict.APPLIED:
            _finish(delivery, Delivery.State.DONE, "", fax=fax)
    return verdict


def _look_up(delivery: Delivery, report: Report) -> None:
    """Have the fax come to life from Telnyx's own record of it; the event then adds what only events tell."""
    try:
        with client() as telnyx:
            payload = telnyx.get_fax(report.telnyx_id)
    except NotFound:
        _try_again(delivery, "Telnyx does not know this fax.", end=Delivery.State.IGNORED, most=MOST_QUESTIONS)
        return
    except (TelnyxError, ValueError) as error:
        _try_again(delivery, f"Telnyx could not be asked about this fax. {error}", most=MOST_QUESTIONS)
        return
    # A record may leave out any field, the direction too; there the event's word stands.
    record = FaxPayload({**report.payload, **payload.raw, "id": report.telnyx_id})
    verdict, fax = apply_remote(Report.of_fax(record, source=FaxEvent.Source.ANSWER, retrieved=True))
    if verdict is Verdict.APPLIED and fax is not None:
        with transaction.atomic():
            verdict = _apply(delivery, report)
            # What the record said beyond the event may still be told, or not.
            tell(fax, report.status_of(fax))
    if verdict is Verdict.WAITS:
        _wait(delivery)
    elif verdict is not Verdict.APPLIED:
        _try_again(delivery, "Nothing says whether this fax was sent or received.", most=MOST_QUESTIONS)


def _wait(delivery: Delivery) -> None:
    """A send between these numbers is not settled, and this may be its fax. Look again soon: first after a second."""
    age = timezone.now() - delivery.received_at
    wait = min(max(age / 4, SHORTEST_WAIT), LONGEST_WAIT)
    _postpone(delivery, wait, outcome="Waits for a send between these numbers whose outcome is not known yet.")


def _try_again(delivery: Delivery, why: str, *, most: int, end: Delivery.State = Delivery.State.FAILED) -> None:
    """Later, at growing intervals; after `most` tries the delivery ends in `end`."""
    tries = delivery.tries + 1
    if tries < most:
        _postpone(delivery, backoff(delivery.tries, most=3600), outcome=why, tries=tries)
        return
    log.warning("webhook.gave_up", outcome=why)
    _finish(delivery, end, why, tries=tries)


def _finish(delivery: Delivery, state: Delivery.State, outcome: str, *, fax: Fax | None = None, **columns: Any) -> None:
    processed_at = delivery.processed_at or timezone.now()
    _release(delivery, state=state, outcome=outcome, fax=fax, processed_at=processed_at, due_at=None, **columns)


def _postpone(delivery: Delivery, wait: timedelta, **columns: Any) -> None:
    _release(delivery, due_at=timezone.now() + wait, **columns)
    wake("process", after=wait.total_seconds())


def _release(delivery: Delivery, **columns: Any) -> None:
    """Only while it is ours: a worker that was too slow must not undo what the next one did."""
    Delivery.objects.filter(pk=delivery.pk, owner=delivery.owner).update(owner=None, leased_until=None, **columns)
