"""The one door for what Telnyx says about a fax: webhook, listing, retrieve and the answer to a send all end here.

It writes *their* columns and no others, by one rule (`merged`), which `faxes.bulk` follows for whole pages at once:

- a payload changes only the keys it contains: absent is not null;
- status moves forward only, by rank, whatever the clocks say: webhook times have fractions, listings whole seconds;
- for every other column the newer report wins, and an older one may still fill what no newer one said;
- a report that contradicts a final status changes nothing; a full retrieve by id may correct it to another final one.

What follows from a report for our side of the fax is `faxes.outbox.follow()`'s business, in the same transaction.
Source: https://developers.telnyx.com/api/programmable-fax/view-fax.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from applications.mirror import promoted, storable, usable_id
from faxes import outbox, timeline
from faxes.models import Attempt, Fax, FaxEvent, Note, Tombstone, blank
from faxes.routing import route
from faxes.states import Direction, is_final, rank, settled_status
from faxes.tokens import token_of
from telnyx_api import Event
from telnyx_api import Fax as FaxPayload
from telnyx_api.reading import legible, moment, text, texts

KEYS = {
    "connection_id": "connection_id",
    "status": "status",
    "failure_reason": "failure_reason",
    "client_state": "client_state",
    "media_name": "media_name",
    "media_url": "media_url",
    "page_count": "page_count",
    "call_duration_secs": "call_duration_secs",
}


# These are about received faxes alone, whatever else they leave out.
# https://developers.telnyx.com/docs/programmable-fax/receive-a-fax-via-api
INBOUND_EVENTS = ("fax.receiving.started", "fax.media.processing.started", "fax.received")
OPEN_ATTEMPTS = (Attempt.State.POSTING, Attempt.State.UNCERTAIN)
CANDIDATE_KEYS = ("from", "to", "status", "created_at", "page_count")


class Verdict(Enum):
    APPLIED = "applied"
    # A send with these numbers is not settled yet, so this may be its fax: ask again later.
    WAITS = "waits"
    # An event about an outbound fax that no row knows: fetch the fax by its id.
    UNKNOWN = "unknown"
    # Nothing to hold on to: no id, or a new fax without a direction.
    UNUSABLE = "unusable"
    # It was deleted here for good, and stays so.
    DELETED = "deleted"


@dataclass(frozen=True)
class Report:
    """What Telnyx said about one fax, whichever way it came."""

    telnyx_id: str
    payload: Mapping[str, Any]
    at: datetime | None
    source: FaxEvent.Source
    # A full retrieve of this one fax by its id: the only report that may correct a final status.
    retrieved: bool = False
    # What happened at that time, where the others say how the fax stands now.
    is_event: bool = False
    # When a listing was asked for, by our clock; None where nobody knows.
    asked_at: datetime | None = None

    @classmethod
    def of_fax(
        cls,
        fax: FaxPayload,
        *,
        source: FaxEvent.Source,
        retrieved: bool = False,
        asked_at: datetime | None = None,
    ) -> Report:
        """From a Fax object: a row of a listing, a retrieve, or the answer to a send."""
        payload = fax.raw
        if not isinstance(payload.get("media_url"), str | None):
            payload = {**payload, "media_url": fax.media_url}
        return cls(usable_id(fax.id), payload, fax.updated_at, source, retrieved, asked_at=asked_at)

    @classmethod
    def of_event(cls, event: Event, *, source: FaxEvent.Source = FaxEvent.Source.WEBHOOK) -> Report:
        """From an event: delivered to our door, or read in the list of those that were not."""
        payload = event.payload
        if isinstance(payload.get("media_url"), list):
            payload = {**payload, "media_url": next(iter(texts(payload, "media_url")), None)}
        if event.event_type in INBOUND_EVENTS and not text(payload, "direction"):
            payload = {**payload, "direction": Direction.INBOUND.value}
        return cls(usable_id(text(payload, "fax_id")), payload, event.occurred_at, source, is_event=True)

    @cached_property
    def created_at(self) -> datetime | None:
        """When Telnyx made the fax."""
        return moment(self.payload, "created_at")

    def status_of(self, fax: Fax) -> str:
        """The status told, by the direction the fax is known to have: a report may leave that out."""
        return self.status_word(fax.direction)

    def status_word(self, direction: str) -> str:
        return settled_status(direction, self.text("status"))

    def text(self, key: str) -> str:
        value = self.payload.get(key)
        return legible(value) if isinstance(value, str) else ""


def apply_remote(
    report: Report, *, attempt: Attempt | None = None, quietly: bool = False
) -> tuple[Verdict, Fax | None]:
    """Bring the fax the report speaks of up to date, making its row when there is none. Safe to repeat.

    `attempt` is given where it is known without a token: for the answer to its own POST, and by a person's decision.
    `quietly`: a row that is made tells nothing in its timeline.
    """
    if not report.telnyx_id:
        return Verdict.UNUSABLE, None
    with transaction.atomic():
        fax, attempt = _locked(report, attempt)
        quietly = quietly and fax is None
        if fax is None:
            verdict = _may_create(report, ours=attempt is not None)
            if verdict is not Verdict.APPLIED:
                return verdict, None
            fax = _create(report, twin_of=attempt.fax if attempt else None)
        _apply(fax, report, attempt, quietly=quietly)
    return Verdict.APPLIED, fax


def mark_gone(
    fax: Fax, *, kind: str = "gone", source: FaxEvent.Source = FaxEvent.Source.SYNC, by: User | None = None
) -> bool:
    """Telnyx answers 404 for a fax it once had, or has deleted it as we asked: the row stays, and says since when.

    False where that was known already. Whoever meets the 404 first, a fax that was to be deleted there is told of as
    deleted, by whoever had asked.
    """
    with transaction.atomic():
        row = _lock(pk=fax.pk, gone_at=None)
        if row is not None:
            row.gone_at = timezone.now()
            row.save(update_fields=["gone_at"])
            if kind == "gone":
                kind, source, by = _why_gone(row, source)
            timeline.note(row, kind, source=source, by=by)
            outbox.let_go(row)
    return row is not None


def _why_gone(fax: Fax, source: FaxEvent.Source) -> tuple[str, FaxEvent.Source, User | None]:
    if asked := timeline.deletion_of(fax):
        return "deleted_at_telnyx", FaxEvent.Source(asked.source), asked.by
    if fax.is_to_go_at_telnyx:
        return "deleted_at_telnyx", FaxEvent.Source.PORTAL, None
    return "gone", source, None


def merged(fax: Fax, report: Report) -> dict[str, Any]:
    """The columns this report changes, by the one rule. Pure: reads the row, and where that is gone its timeline."""
    if contradicts(fax, report):
        return {}
    values = promoted(Fax, KEYS, report.payload)
    values.pop("status", None)
    newer = is_newer(fax, report)
    changes = {column: value for column, value in values.items() if newer or getattr(fax, column) in (None, "")}
    status = report.status_of(fax)
    if status and _moves_forward(fax, status, newer):
        changes["status"] = status[:64]
    if newer:
        changes["remote_at"] = max(filter(None, (report.at, fax.remote_at)), default=None)
    changes["raw"] = (fax.raw | storable(report.payload)) if newer else (storable(report.payload) | fax.raw)
    if fax.gone_at is not None and _is_there(fax, report):
        changes["gone_at"] = None
    return {column: value for column, value in changes.items() if getattr(fax, column) != value}


def _is_there(fax: Fax, report: Report) -> bool:
    """Does it prove that Telnyx has the fax again? A listing may be older than the news that it is gone, and what was
    deleted there by our own wish is listed out of habit."""
    if report.retrieved or fax.gone_at is None:
        return True
    is_younger = report.asked_at is not None and report.asked_at > fax.gone_at
    return is_younger and timeline.deletion_of(fax) is None


def contradicts(fax: Fax, report: Report) -> bool:
    """Another final status than the one we have, from a report that may not correct it."""
    if report.retrieved or not is_final(fax.status):
        return False
    status = report.status_of(fax)
    return is_final(status) and fax.status != status


def is_newer(fax: Fax, report: Report) -> bool:
    """The first report is always newer, and so is a retrieve, because it was asked for just now: an event's time may
    lie after the record's. Times without a fraction are compared by whole seconds."""
    if fax.remote_at is None or report.retrieved:
        return True
    if report.at is None:
        return False
    known = fax.remote_at if report.at.microsecond else fax.remote_at.replace(microsecond=0)
    return report.at >= known


def _moves_forward(fax: Fax, status: str, newer: bool) -> bool:
    ours, theirs = rank(fax.status), rank(status)
    return theirs > ours or (theirs == ours and newer and fax.status != status)


def _locked(report: Report, attempt: Attempt | None) -> tuple[Fax | None, Attempt | None]:
    """The fax the report is about, locked, and the attempt of ours that it proves, if it names one.

    Telnyx's id first, then the token in client_state, then the one in media_name: an event may overtake the answer to
    the send that would have told us the id.
    """
    if attempt is None and (token := token_of(report.payload)):
        attempt = Attempt.objects.select_related("fax").filter(token=token).first()
    fax = _lock(telnyx_id=report.telnyx_id)
    if attempt is None or (fax is not None and fax.pk == attempt.fax_id):
        return fax, attempt
    if fax is not None and fax.outbox:
        # Another fax of ours has this id, so it proves nothing about this attempt.
        return fax, None
    ours = _lock(pk=attempt.fax_id, telnyx_id=None)
    if ours is not None and fax is not None:
        _absorb(fax, into=ours)
    return ours or fax, attempt


def status_under_lock(telnyx_id: str) -> str | None:
    """The status of a fax before what is about to be told of it; None where it has no row. Call it in a transaction."""
    rows = Fax.objects.select_for_update(of=("self",)).filter(telnyx_id=telnyx_id)
    return rows.values_list("status", flat=True).first()


def _lock(**which: Any) -> Fax | None:
    return Fax.objects.select_for_update(of=("self",)).filter(**which).first()


def _absorb(stray: Fax, *, into: Fax) -> None:
    """A row made before we knew that the fax was ours: its story moves to the row that sent it, and with it what people
    have done with it meanwhile."""
    FaxEvent.objects.filter(fax=stray).update(fax=into)
    Note.objects.filter(fax=stray).update(fax=into)
    if stray.team_id == into.team_id:
        into.tags.add(*stray.tags.all())
    if stray.legal_hold and not into.legal_hold:
        into.legal_hold = True
        into.save(update_fields=["legal_hold"])
    stray.delete()


def _may_create(report: Report, *, ours: bool) -> Verdict:
    if Tombstone.objects.filter(pk=report.telnyx_id).exists():
        return Verdict.DELETED
    direction = report.text("direction")
    # Without a direction it may be an outbound one all the same.
    if direction != Direction.INBOUND and not ours and _remember_candidate(report):
        return Verdict.WAITS
    if direction not in Direction.values:
        return Verdict.UNUSABLE
    if direction == Direction.OUTBOUND and not ours and report.is_event:
        return Verdict.UNKNOWN
    return Verdict.APPLIED


def _remember_candidate(report: Report) -> bool:
    """Could this be the fax of a send that is not settled yet? Then it stays on that attempt, for a person to see."""
    unsettled = Attempt.objects.filter(state__in=OPEN_ATTEMPTS, fax__in=Fax.objects.unsettled().filter(**_line(report)))
    seen = {key: storable(report.payload[key]) for key in CANDIDATE_KEYS if key in report.payload}
    for attempt in unsettled.select_for_update(of=("self",)):
        candidates = attempt.evidence.get("candidates", {})
        attempt.evidence["candidates"] = candidates | {report.telnyx_id: candidates.get(report.telnyx_id, {}) | seen}
        attempt.save(update_fields=["evidence"])
    return Fax.objects.unsettled().filter(**_line(report)).exists()


def _line(report: Report) -> dict[str, str]:
    """The numbers a report gives; one it leaves out could be any, so it narrows nothing."""
    numbers = {"from_number": report.text("from"), "to_number": report.text("to")}
    return {column: number for column, number in numbers.items() if number}


def fresh(report: Report, **given: UUID) -> Fax:
    """The row of a fax that was not handed over from here, or not by the attempt that counts. It is not stored yet.

    `given` is its id, where that is made already."""
    now = timezone.now()
    created_at = report.created_at or report.at or now
    return blank(
        telnyx_id=report.telnyx_id,
        direction=report.text("direction"),
        from_number=report.text("from")[:64],
        to_number=report.text("to")[:64],
        created_at=created_at,
        heard_at=now if _is_news(report, created_at, now) else created_at,
        **given,
    )


def _create(report: Report, *, twin_of: Fax | None) -> Fax:
    row = fresh(report)
    if twin_of is not None:
        row.retry_of, row.attempt = twin_of.retry_of or twin_of, twin_of.attempt + 1
    Fax.objects.bulk_create([row], ignore_conflicts=True)
    fax = Fax.objects.select_for_update(of=("self",)).get(telnyx_id=report.telnyx_id)
    route(fax, connection_id=report.text("connection_id"), team=twin_of.team if twin_of else None)
    if twin_of is not None:
        timeline.note(twin_of, "twin", source=report.source, telnyx_id=report.telnyx_id)
    return fax


def _is_news(report: Report, created_at: datetime, now: datetime) -> bool:
    """What is older than the pages Telnyx keeps is history by the time it is found, and nobody's unread mail. An event
    at our door tells of what happens just now, however wrong the fax's own time may be."""
    return report.source == FaxEvent.Source.WEBHOOK or created_at > now - outbox.KEPT_AT_TELNYX


def _apply(fax: Fax, report: Report, attempt: Attempt | None, *, quietly: bool) -> None:
    contradiction = contradicts(fax, report)
    if changed := take_in(fax, report, attempt):
        fax.save(update_fields=changed)
    status = report.status_of(fax)
    if status and not contradiction and not quietly:
        timeline.note_status(fax, status, source=report.source, at=told_at(report), payload=report.payload)


def take_in(fax: Fax, report: Report, attempt: Attempt | None = None) -> list[str]:
    """Write into the row what the report says and what follows from it for our side. The names of the columns that are
    to be saved. Call it under the row's lock."""
    contradiction = contradicts(fax, report)
    changes = merged(fax, report)
    if fax.telnyx_id is None:
        changes["telnyx_id"] = report.telnyx_id
    if report.created_at and report.created_at != fax.created_at:
        changes["created_at"] = report.created_at
    for column, value in changes.items():
        setattr(fax, column, value)
    followed = outbox.follow(
        fax,
        attempt=attempt,
        source=report.source,
        in_doubt=contradiction and not report.retrieved,
        link_told_at=_link_told_at(report) if changes.get("media_url") else None,
    )
    return [*changes, *followed]


def told_at(report: Report) -> datetime | None:
    """When what it says has happened, as far as it tells. An answer's times have whole seconds, and would stand before
    what led to it: it has come just now."""
    return None if report.source == FaxEvent.Source.ANSWER else report.at


def _link_told_at(report: Report) -> datetime:
    """A link's life begins when Telnyx makes it: with the event, or with the answer that we hold in hand."""
    told = report.at if report.is_event else None
    return min(filter(None, (told, timezone.now())))
