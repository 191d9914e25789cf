"""Our side of an outbound fax: every change of its `outbox`, each one conditional and told in the timeline.

The promise: one POST per attempt, and a new attempt only when the last one provably did not send.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from faxes import gate, timeline
from faxes.claims import claim, later
from faxes.clock import dies_at
from faxes.models import Attempt, Fax, FaxEvent
from faxes.states import Media, Outbox, is_final
from faxes.tokens import new_token
from wake import wake

# Long enough to upload 20 MB over a slow line. A worker that dies meanwhile has not sent anything.
UPLOAD_LEASE = timedelta(minutes=10)
# The lease of the POST itself outlives its total deadline, so that nobody settles it while it may still be under way.
LEASE_BEYOND_DEADLINE = timedelta(seconds=30)
# When no event has told the end of a fax, ask for it by its id.
FIRST_POLL = timedelta(minutes=5)
# Waiting at Telnyx included.
LONGEST_CALL = timedelta(days=1)
# Telnyx keeps the pages of a fax for seven days: https://telnyx.com/ai/data-handling.json.
KEPT_AT_TELNYX = timedelta(days=7)

OWN_WORK_DONE: dict[str, Any] = {"owner": None, "leased_until": None, "due_at": None}


def whose_turn() -> QuerySet[Fax]:
    """Faxes that may leave now: no call to their number is under way, and their team is within its rate."""
    busy = Fax.objects.filter(line_held=True).values("to_number")
    ready = Fax.objects.filter(outbox=Outbox.READY, due_at__lte=timezone.now())
    return ready.exclude(to_number__in=busy).exclude(team__in=gate.teams_over_rate())


def claim_ready() -> tuple[Fax, Attempt] | None:
    """Take the next fax whose turn it is and open an attempt for it. Numbers with a call under way are passed over."""
    with transaction.atomic():
        fax = claim(whose_turn(), lease=UPLOAD_LEASE, outbox=Outbox.SUBMITTING, line_held=True)
        if fax is None:
            return None
        return fax, Attempt.objects.create(fax=fax, token=new_token(), owner=fax.owner)


def begin_posting(fax: Fax, attempt: Attempt) -> bool:
    """The last write before the POST: renew the lease beyond its deadline and mark the attempt *posting*.

    False when another worker owns the fax by now, or somebody has cancelled it: then nothing may be sent.
    """
    now = timezone.now()
    until = now + timedelta(seconds=settings.SEND_DEADLINE_SECONDS) + LEASE_BEYOND_DEADLINE
    with transaction.atomic():
        mine = Fax.objects.filter(pk=fax.pk, owner=attempt.owner, outbox=Outbox.SUBMITTING, leased_until__gt=now)
        if mine.filter(cancel="").update(leased_until=until) == 1:
            opened = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.UPLOADING)
            return opened.update(state=Attempt.State.POSTING, posted_at=now) == 1
    put_back(fax, attempt, why="The pages had been uploaded, but too late.")
    return False


def put_back(fax: Fax, attempt: Attempt, *, why: str, wait: timedelta | None = None) -> None:
    """Nothing was sent, for certain: the fax waits for its turn again, or is cancelled if that was asked for."""
    with _owned(fax.pk, attempt.owner) as row:
        if row is None:
            return
        _settle(attempt, Attempt.State.NOT_SENT, why=why)
        _to_ready(row, due_in=wait, why=why)


def reject(fax: Fax, attempt: Attempt, *, problem: dict[str, Any]) -> None:
    """Telnyx refused this fax: the end, in words, and a person may correct it and send again."""
    with _owned(fax.pk, attempt.owner) as row:
        if row is None:
            return
        _settle(attempt, Attempt.State.REJECTED, **problem)
        _end(row, Outbox.REJECTED, problem)


def doubt(fax: Fax, attempt: Attempt, *, why: str) -> None:
    """The request may have reached Telnyx, and no answer says whether: only evidence settles this."""
    with _owned(fax.pk, attempt.owner) as row:
        if row is not None:
            _to_uncertain(row, attempt, why=why)


def refuse(fax: Fax, *, problem: dict[str, Any]) -> None:
    """The fax's own document cannot be sent: it ends before it left."""
    with transaction.atomic():
        rows = Fax.objects.select_for_update(of=("self",))
        row = rows.filter(pk=fax.pk, owner=fax.owner, outbox=Outbox.PREPARING).first()
        if row is not None:
            _end(row, Outbox.REJECTED, problem)


def recover_abandoned() -> int:
    """Faxes whose worker died while handing them over. What had not begun to post goes back; the rest is uncertain."""
    stale = Fax.objects.filter(outbox=Outbox.SUBMITTING, leased_until__lt=timezone.now())
    count = 0
    for pk, owner in list(stale.values_list("pk", "owner")):
        with _owned(pk, owner) as row:
            if row is None or row.leased_until is None or row.leased_until >= timezone.now():
                continue
            _recover(row)
            count += 1
    return count


def resume(fax: Fax, attempt: Attempt) -> None:
    """Evidence says that Telnyx never took an uncertain fax: it may be sent, as a new attempt. Call it under lock."""
    _settle(attempt, Attempt.State.NOT_SENT)
    timeline.note(fax, "settled", found=False, listings=attempt.evidence.get("listings", []))
    _to_ready(fax, due_in=timedelta(0), why="not_at_telnyx")


def give_up(fax: Fax, attempt: Attempt | None, *, problem: dict[str, Any]) -> None:
    """End an unsettled fax as not sent, on a person's word. Call it under lock."""
    if attempt is not None:
        _settle(attempt, Attempt.State.NOT_SENT, **problem)
    _end(fax, Outbox.REJECTED, problem)


def cancel_before_sending(fax: Fax) -> bool:
    """Cancel a fax that has not begun to leave. False when it has: then only Telnyx can stop it."""
    waiting = Fax.objects.filter(pk=fax.pk, outbox__in=[Outbox.PREPARING, Outbox.READY])
    return waiting.update(outbox=Outbox.CANCELLED, line_held=False, **OWN_WORK_DONE) == 1


def fetched(attempt: Attempt) -> bool:
    """Somebody asks for the pages by the attempt's signed link, which only Telnyx was given. May they have them?

    It proves that the request arrived. So an uncertain fax is accepted, though under which id is not known yet, and one
    that is being posted remembers it, in case the answer gets lost. False once the attempt was settled otherwise: the
    pages leave by a newer one, and by no other.
    """
    with transaction.atomic():
        fax = Fax.objects.select_for_update(of=("self",)).get(pk=attempt.fax_id)
        attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
        if attempt.state not in (Attempt.State.POSTING, Attempt.State.UNCERTAIN, Attempt.State.ACCEPTED):
            return False
        if "fetched_at" not in attempt.evidence:
            attempt.evidence["fetched_at"] = timezone.now().isoformat()
            attempt.save(update_fields=["evidence"])
        if attempt.state == Attempt.State.UNCERTAIN:
            _settle_by_fetch(fax, attempt)
    return True


def let_go(fax: Fax) -> None:
    """Telnyx has this fax no more, so nothing more will be heard of its call. Called by the mirror, under its lock."""
    fax.poll_at = None
    if fax.is_outbound:
        fax.line_held, fax.due_at = False, None
        transaction.on_commit(lambda: wake("submit"))
    fax.save(update_fields=["poll_at", "line_held", "due_at"])


def follow(
    fax: Fax,
    *,
    attempt: Attempt | None,
    source: FaxEvent.Source,
    in_doubt: bool,
    link_told_at: datetime | None = None,
) -> list[str]:
    """What a report of Telnyx means for our columns. Called by the mirror, under its lock, which saves those named in
    the answer. `link_told_at` is given where the report brings a new link to the pages."""
    before = {column: getattr(fax, column) for column in FOLLOWED}
    if attempt is not None and (attempt.state != Attempt.State.ACCEPTED or not attempt.telnyx_id):
        _settle(attempt, Attempt.State.ACCEPTED, telnyx_id=fax.telnyx_id, by=source.value)
    if attempt is not None and attempt.fax_id == fax.pk and fax.outbox != Outbox.ACCEPTED:
        _accepted(fax, source)
    if fax.is_outbound:
        _follow_out(fax, in_doubt)
    else:
        _follow_in(fax, in_doubt, link_told_at)
    return [column for column in FOLLOWED if getattr(fax, column) != before[column]]


FOLLOWED = (
    "outbox",
    "line_held",
    "owner",
    "leased_until",
    "due_at",
    "poll_at",
    "media",
    "link_dies_at",
    "problem",
    "tries",
)


def _accepted(fax: Fax, source: FaxEvent.Source) -> None:
    if fax.outbox == Outbox.UNCERTAIN:
        timeline.note(fax, "settled", source=source, found=True)
    timeline.note(fax, "accepted", source=source, telnyx_id=fax.telnyx_id)
    fax.outbox, fax.problem, fax.tries = Outbox.ACCEPTED, {}, 0
    fax.owner = fax.leased_until = fax.due_at = None
    if fax.cancel == Fax.Cancel.REQUESTED:
        fax.due_at = timezone.now()
        transaction.on_commit(lambda: wake("cancel"))


def _follow_out(fax: Fax, in_doubt: bool) -> None:
    if is_final(fax.status):
        if fax.line_held:
            transaction.on_commit(lambda: wake("submit"))
        fax.line_held, fax.due_at, fax.poll_at = False, None, None
    else:
        fax.poll_at = fax.poll_at or timezone.now() + FIRST_POLL
        if fax.line_held and _call_is_over(fax):
            fax.line_held = False
            transaction.on_commit(lambda: wake("submit"))
    if in_doubt:
        _ask_again(fax)


def _call_is_over(fax: Fax) -> bool:
    """No call lasts that long: an end that is never told, or in a word nobody knows, must not block the number."""
    since = timezone.now() - LONGEST_CALL
    return fax.created_at < since and not fax.attempts.filter(started_at__gt=since).exists()


def _follow_in(fax: Fax, in_doubt: bool, link_told_at: datetime | None) -> None:
    if is_final(fax.status):
        fax.poll_at = None
    else:
        fax.poll_at = fax.poll_at or timezone.now() + FIRST_POLL
    complete = fax.status == "received" or (fax.status == "failed" and bool(fax.media_url))
    begins = complete and not fax.media and fax.heard_at > timezone.now() - KEPT_AT_TELNYX
    if link_told_at is not None:
        fax.link_dies_at = dies_at(fax.media_url, link_told_at)
    if begins or (link_told_at is not None and fax.media in (Media.WAITING, Media.MISSING)):
        fax.media, fax.due_at = Media.WAITING, timezone.now()
        transaction.on_commit(lambda: wake("archive"))
    if in_doubt:
        _ask_again(fax)


def _ask_again(fax: Fax) -> None:
    fax.poll_at = timezone.now()
    transaction.on_commit(lambda: wake("poll"))


@contextmanager
def _owned(pk: UUID, owner: UUID | None) -> Iterator[Fax | None]:
    """The fax, locked, if this owner still has it in hand; None when another took over or the end is known."""
    with transaction.atomic():
        rows = Fax.objects.select_for_update(of=("self",))
        yield rows.filter(pk=pk, owner=owner, outbox=Outbox.SUBMITTING).first()


def _recover(fax: Fax) -> None:
    attempt = fax.attempts.filter(owner=fax.owner).last() if fax.owner else None
    if attempt is not None and attempt.state != Attempt.State.UPLOADING:
        _to_uncertain(fax, attempt, why="worker_stopped")
        return
    if attempt is not None:
        _settle(attempt, Attempt.State.NOT_SENT, why="worker_stopped")
    _to_ready(fax, due_in=None, why="worker_stopped")


def _to_ready(fax: Fax, *, due_in: timedelta | None, why: str) -> None:
    if fax.cancel == Fax.Cancel.REQUESTED:
        _end(fax, Outbox.CANCELLED, {})
        return
    now = timezone.now()
    fax.due_at = now + due_in if due_in is not None else later(now, fax.tries)
    fax.outbox, fax.line_held, fax.owner, fax.leased_until = Outbox.READY, False, None, None
    fax.tries += 1
    fax.save(update_fields=["outbox", "line_held", "owner", "leased_until", "due_at", "tries"])
    timeline.note(fax, "put_back", why=why)
    wait = (fax.due_at - now).total_seconds()
    transaction.on_commit(lambda: wake("submit", after=wait))


def _to_uncertain(fax: Fax, attempt: Attempt, *, why: str) -> None:
    # The attempt is read again: an event that overtook the answer may have left a candidate on it.
    attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
    attempt.state, attempt.doubted_at = Attempt.State.UNCERTAIN, timezone.now()
    attempt.evidence = {**attempt.evidence, "why": why, "since": attempt.doubted_at.isoformat()}
    attempt.save(update_fields=["state", "doubted_at", "evidence"])
    fax.outbox, fax.owner, fax.leased_until, fax.due_at = Outbox.UNCERTAIN, None, None, timezone.now()
    fax.tries = 0
    fax.save(update_fields=["outbox", "owner", "leased_until", "due_at", "tries"])
    timeline.note(fax, "uncertain", why=why)
    transaction.on_commit(lambda: wake("settle"))
    if "fetched_at" in attempt.evidence:
        _settle_by_fetch(fax, attempt)


def _settle_by_fetch(fax: Fax, attempt: Attempt) -> None:
    _settle(attempt, Attempt.State.ACCEPTED)
    _accepted(fax, FaxEvent.Source.PORTAL)
    # Should Telnyx never name this fax, its end would never be known, and the number would be blocked for good.
    fax.line_held = False
    fax.save(update_fields=FOLLOWED)
    transaction.on_commit(lambda: wake("submit"))


def _end(fax: Fax, outbox: Outbox, problem: dict[str, Any]) -> None:
    fax.outbox, fax.problem, fax.line_held = outbox, problem, False
    fax.owner = fax.leased_until = fax.due_at = None
    fax.save(update_fields=["outbox", "problem", "line_held", "owner", "leased_until", "due_at"])
    timeline.note(fax, outbox.value, **problem)
    transaction.on_commit(lambda: wake("submit"))


def _settle(attempt: Attempt, state: Attempt.State, **evidence: Any) -> None:
    # Its id may become known later than that it was sent.
    if attempt.state != state or attempt.settled_at is None:
        attempt.state, attempt.settled_at = state, timezone.now()
    attempt.telnyx_id = str(evidence.get("telnyx_id") or attempt.telnyx_id)
    attempt.evidence = {**attempt.evidence, **evidence}
    attempt.save(update_fields=["state", "settled_at", "telnyx_id", "evidence"])
