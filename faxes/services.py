"""What people ask for about faxes. Each raises ValidationError for what a person can mend, else PermissionDenied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import access, audit
from accounts.models import Role, Team, User
from applications.models import PhoneNumber
from applications.telnyx import client
from contacts.models import Correspondent
from faxes import outbox, timeline
from faxes.asking import take_answer
from faxes.drafts import take
from faxes.mirror import Report, apply_remote
from faxes.models import Attempt, Batch, Fax, FaxEvent
from faxes.routing import route
from faxes.states import Direction, Media, Outbox, is_final
from telnyx_api import NotFound
from wake import wake

SETTLED = "This fax has been settled meanwhile. Look at its timeline."
DELETED = "This fax has been deleted meanwhile."


def send(
    *,
    by: User,
    batch_id: UUID,
    number: PhoneNumber,
    recipients: Sequence[str],
    options: dict[str, Any],
    shown: Sequence[UUID] | None = None,
) -> Batch:
    """Send the batch's documents from a number to every recipient (E.164, each once), with Telnyx's `options`.

    The batch is the one-use token: asked a second time, the first sending is the answer. `shown` are the ids of the
    documents as the person saw them: when the batch holds others by now, nothing is sent.
    """
    team = _sending_team(by, number)
    recipients = list(dict.fromkeys(recipients))
    if not recipients:
        raise ValidationError({"recipients": "Add at least one fax number to send to."})
    if number.phone_number in recipients:
        raise ValidationError({"recipients": "A fax cannot go to the number it is sent from. Remove that recipient."})
    with transaction.atomic():
        batch, taken = take(by=by, batch_id=batch_id, team=team)
        if not taken:
            return batch
        documents = list(batch.documents.values_list("pk", flat=True))
        if not documents:
            raise ValidationError({"documents": "Add at least one file to send."})
        if shown is not None and list(shown) != documents:
            raise ValidationError({"documents": "The files have changed in another window. Check them, then send."})
        faxes = [_outgoing(by, team, number.phone_number, to, batch=batch, options=options) for to in recipients]
        Fax.objects.bulk_create(faxes)
        for fax in faxes:
            timeline.note(fax, "queued", source=FaxEvent.Source.PERSON, by=by)
        audit.record(*[audit.Entry("fax.send", by=by, on=fax, team=team, data={"to": fax.to_number}) for fax in faxes])
        transaction.on_commit(lambda: wake("prepare"))
    return batch


def send_again(*, by: User, fax: Fax, batch_id: UUID) -> Fax:
    """Send a fax that has ended once more, as a new fax with the same pages. The batch is the one-use token."""
    access.require(by, fax.team, at_least=Role.MEMBER)
    with transaction.atomic():
        # Every try of it is locked, so that people on the pages of two tries do not send it twice.
        family = {one.pk: one for one in _family(fax).select_for_update(of=("self",)).order_by("pk")}
        if fax.pk not in family:
            raise ValidationError(DELETED)
        fax = family[fax.pk]
        if fax.trashed_at is not None:
            raise ValidationError(f"{fax} is in the bin. Put it back first.")
        if fax.document and not fax.document.is_here:
            raise ValidationError("The pages of this fax are no longer kept. Start a new fax.")
        if not can_send_again(fax):
            raise ValidationError("This fax has not ended yet. Wait for its end before you send it again.")
        number = PhoneNumber.objects.sendable().filter(phone_number=fax.from_number).first()
        if number is None or number.owner != fax.team:
            raise ValidationError(f"{fax.from_number} cannot send any more. Start a new fax from another number.")
        batch, taken = take(by=by, batch_id=batch_id, team=fax.team)
        if not taken:
            return batch.faxes.first() or fax
        if not all(one.is_over for one in _family(fax)):
            raise ValidationError("This fax is already being sent again. Wait for the end of that one.")
        again = _outgoing(by, fax.team, fax.from_number, fax.to_number, batch=batch, options=fax.options)
        again.retry_of, again.document, again.outbox = fax.retry_of or fax, fax.document, Outbox.READY
        again.attempt = fax.attempt + 1
        again.save(force_insert=True)
        timeline.note(again, "queued", source=FaxEvent.Source.PERSON, by=by, again=str(fax.pk))
        audit.record(audit.Entry("fax.send_again", by=by, on=again, team=again.team, data={"of": fax.pk}))
        transaction.on_commit(lambda: wake("submit"))
    return again


def cancel(*, by: User, fax: Fax) -> None:
    """Stop a fax: here, while it is still here; otherwise Telnyx is asked to as soon as it is known to have it."""
    access.require(by, fax.team, at_least=Role.MEMBER)
    with transaction.atomic():
        fax = _locked(fax)
        if not can_cancel(fax):
            raise ValidationError("This fax has already ended, so there is nothing to cancel.")
        stopped = outbox.cancel_before_sending(fax)
        if not stopped:
            due_at = timezone.now() if fax.outbox == Outbox.ACCEPTED else fax.due_at
            Fax.objects.filter(pk=fax.pk).update(cancel=Fax.Cancel.REQUESTED, due_at=due_at)
        kind = "cancelled" if stopped else "cancel_requested"
        timeline.note(fax, kind, source=FaxEvent.Source.PERSON, by=by)
        audit.record(audit.Entry("fax.cancel", by=by, on=fax, team=fax.team))
        transaction.on_commit(lambda: wake("cancel"))


def decide_not_sent(*, by: User, fax: Fax) -> None:
    """A person has made sure that Telnyx never took an uncertain fax: it ends as not sent, and may be sent again."""
    access.require(by, fax.team, at_least=Role.MEMBER)
    with transaction.atomic():
        fax = _locked(fax)
        if fax.outbox != Outbox.UNCERTAIN:
            raise ValidationError(SETTLED)
        detail = f"{by} made sure that Telnyx does not have this fax."
        outbox.give_up(fax, fax.attempts.last(), problem={"title": "Not sent", "detail": detail})
        audit.record(audit.Entry("fax.decide_not_sent", by=by, on=fax, team=fax.team))


def decide_sent(*, by: User, fax: Fax, telnyx_id: str) -> None:
    """A person says which of the candidates an uncertain fax is: from now on it is followed as that one."""
    access.require(by, fax.team, at_least=Role.MEMBER)
    with transaction.atomic():
        fax = _locked(fax)
        attempt = open_attempt(fax)
        if attempt is None or fax.outbox != Outbox.UNCERTAIN:
            raise ValidationError(SETTLED)
        if telnyx_id not in candidates(attempt):
            raise ValidationError("That is not one of the faxes found at Telnyx for this one. Choose one of the list.")
        attempt.evidence["decided_by"] = str(by)
        apply_remote(Report(telnyx_id, {}, None, FaxEvent.Source.PERSON), attempt=attempt)
        fax.events.filter(kind="settled", source=FaxEvent.Source.PERSON).update(by=by)
        Fax.objects.filter(pk=fax.pk).update(poll_at=timezone.now())
        audit.record(audit.Entry("fax.decide_sent", by=by, on=fax, team=fax.team, data={"telnyx_id": telnyx_id}))
        transaction.on_commit(lambda: wake("poll"))


def retry(*, by: User, fax: Fax) -> None:
    """Try once more what did not work: fetch a received fax's pages, or send again a fax that failed.

    Safe to repeat: one try is followed by one other at most, and by none once a later one exists.
    """
    if not fax.is_outbound:
        fetch_again(by=by, fax=fax)
        return
    last = _family(fax).latest("attempt", "created_at")
    if last.pk != fax.pk:
        raise ValidationError("This fax has been sent again already. Look at its last try.")
    if not fax.got_nowhere:
        raise ValidationError("This fax has not failed. To send it once more all the same, do so on its own page.")
    if fax.document is None:
        raise ValidationError("The pages of this fax are not here. Start a new fax.")
    send_again(by=by, fax=fax, batch_id=uuid5(fax.pk, "retry"))


def fetch_again(*, by: User, fax: Fax) -> None:
    """Look for the pages of a received fax now, also where they were given up."""
    access.require(by, fax.team, at_least=Role.MEMBER)
    with transaction.atomic():
        now = timezone.now()
        lacking = Fax.objects.filter(pk=fax.pk, media__in=[Media.WAITING, Media.MISSING])
        # Of a worker that died nobody needs to wait for the end of its lease.
        lacking.filter(leased_until__lt=now).update(owner=None, leased_until=None)
        if lacking.update(media=Media.WAITING, due_at=now, tries=0) != 1:
            raise ValidationError(
                "There is nothing to fetch for this fax: its pages are here, or never were at Telnyx."
            )
        timeline.note(fax, "media_wanted", source=FaxEvent.Source.PERSON, by=by)
        audit.record(audit.Entry("fax.fetch_again", by=by, on=fax, team=fax.team))
        transaction.on_commit(lambda: wake("archive"))


def route_fax(*, by: User, fax: Fax, team: Team) -> None:
    """Give a fax that belongs to nobody to a team, for good. Administrators only: nobody else sees such faxes."""
    if not access.is_admin(by):
        raise PermissionDenied
    with transaction.atomic():
        fax = _locked(fax)
        if fax.team_id is not None:
            raise ValidationError("This fax has been given to a team meanwhile.")
        route(fax, connection_id=fax.connection_id, team=team)
        # The team hears of it only now: whatever they have read before, this is new to them.
        fax.heard_at = timezone.now()
        fax.save(update_fields=["heard_at"])
        timeline.note(fax, "routed", source=FaxEvent.Source.PERSON, by=by, team=team.name)
        audit.record(audit.Entry("fax.route", by=by, on=fax, team=team))


def refresh(*, fax: Fax) -> bool:
    """Fetch a fax by its id and apply what Telnyx says. False when Telnyx has it no more, which is kept in mind.

    Raises TelnyxError when it could not be asked, and ValueError where the settings allow no question.
    https://developers.telnyx.com/api/programmable-fax/view-fax
    """
    try:
        with client() as telnyx:
            answer = telnyx.get_fax(str(fax.telnyx_id))
    except NotFound:
        take_answer(fax, None)
        return False
    take_answer(fax, answer)
    return True


def candidates(attempt: Attempt) -> dict[str, dict[str, Any]]:
    """Faxes seen at Telnyx that may be this attempt's, by Telnyx's id, less those that turned out to be another's."""
    seen: dict[str, dict[str, Any]] = attempt.evidence.get("candidates", {})
    known = set(Fax.objects.filter(telnyx_id__in=list(seen)).values_list("telnyx_id", flat=True))
    return {telnyx_id: said for telnyx_id, said in seen.items() if telnyx_id not in known}


def can_cancel(fax: Fax) -> bool:
    return fax.is_outbound and not fax.is_over and not fax.cancel and bool(fax.outbox)


def can_send_again(fax: Fax) -> bool:
    """Only from an end, never while the outcome of the last try is open, and only while its pages are kept."""
    ended = fax.outbox in (Outbox.REJECTED, Outbox.CANCELLED) or is_final(fax.status)
    kept = fax.document is not None and fax.document.is_here and fax.trashed_at is None
    return fax.is_outbound and ended and kept


def _locked(fax: Fax) -> Fax:
    row = Fax.objects.select_for_update(of=("self",)).filter(pk=fax.pk).first()
    if row is None:
        raise ValidationError(DELETED)
    return row


def _family(fax: Fax) -> QuerySet[Fax]:
    """Every try to get the same pages through, this one included."""
    first = fax.retry_of_id or fax.pk
    return Fax.objects.filter(Q(pk=first) | Q(retry_of=first))


def _sending_team(by: User, number: PhoneNumber) -> Team:
    """The team a number sends for. A superuser, too, sends as the number's team."""
    sendable = PhoneNumber.objects.sendable().visible_to(by).filter(pk=number.pk).exists()
    if not sendable or number.owner is None:
        raise ValidationError({"number": f"{number.phone_number} cannot send for you. Choose another number."})
    access.require(by, number.owner, at_least=Role.MEMBER)
    return number.owner


def _outgoing(by: User, team: Team | None, from_number: str, to: str, *, batch: Batch, options: dict[str, Any]) -> Fax:
    correspondent = Correspondent.objects.get_or_create(team=team, number=to)[0] if team else None
    return Fax(
        direction=Direction.OUTBOUND,
        from_number=from_number,
        to_number=to,
        team=team,
        correspondent=correspondent,
        created_by=by,
        batch=batch,
        options=options,
        outbox=Outbox.PREPARING,
        due_at=timezone.now(),
    )


def open_attempt(fax: Fax) -> Attempt | None:
    """The attempt whose outcome is not known, with the candidates the listings showed."""
    return fax.attempts.filter(state=Attempt.State.UNCERTAIN).last()
