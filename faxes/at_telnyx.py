"""What people ask for about Telnyx's own record of a fax: look at it anew, or delete it there."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, User
from applications.telnyx import client
from faxes import timeline
from faxes.files import digest
from faxes.mirror import mark_gone
from faxes.models import Document, Fax, FaxEvent
from faxes.services import refresh
from faxes.states import Media
from telnyx_api import NotFound, TelnyxError


def look_again(*, by: User, fax: Fax) -> bool:
    """Fetch the fax by its id and apply what Telnyx says. False when Telnyx has it no more, which is kept in mind.

    Raises ValidationError where Telnyx never had it, TelnyxError when it could not be asked, and ValueError where the
    settings allow no question. https://developers.telnyx.com/api/programmable-fax/view-fax
    """
    access.require(by, fax.team, at_least=Role.MEMBER)
    if not fax.telnyx_id:
        raise ValidationError("Telnyx has given this fax no id yet, so it cannot be asked for.")
    return refresh(fax=fax)


def delete_at_telnyx(*, by: User, fax: Fax) -> None:
    """Delete Telnyx's copy of a fax, for good. What is here stays, and no sync brings the fax back or calls it lost.

    Who asks is on record before Telnyx is asked, so that a lost answer changes nothing about it. Asking twice does no
    harm, so it is mended by asking once more. Raises ValidationError where the copy
    here is not proven to be as good, TelnyxError and ValueError as `look_again` does.
    https://developers.telnyx.com/api-reference/programmable-fax-commands/delete-a-fax
    """
    access.require(by, fax.team, at_least=Role.MANAGER)
    fax = Fax.objects.select_related("team", "document", "original").get(pk=fax.pk)
    if why := _reason_to_keep(fax):
        raise ValidationError(why)
    with client() as telnyx:
        asked = _ask(fax, by)
        try:
            telnyx.delete_fax(str(fax.telnyx_id))
        except NotFound:
            # Its seven days were over, or an earlier try got through.
            pass
        except TelnyxError as error:
            if error.outcome_known and asked is not None:
                # It stays there, and should it vanish later, that is nobody's wish.
                asked.delete()
            raise
    with transaction.atomic():
        if mark_gone(fax, kind="deleted_at_telnyx", source=FaxEvent.Source.PERSON, by=by):
            # Nor need the worker delete it any more.
            Fax.objects.filter(pk=fax.pk, media=Media.ARCHIVED).update(due_at=None)
            data = {"telnyx_id": fax.telnyx_id}
            audit.record(audit.Entry("fax.delete_at_telnyx", by=by, on=fax, team=fax.team, data=data))


def _ask(fax: Fax, by: User) -> FaxEvent | None:
    """Put on record that somebody wants it deleted. The line of the timeline, or None where an earlier one says so."""
    with transaction.atomic():
        data = {"telnyx_id": fax.telnyx_id}
        audit.record(audit.Entry("fax.ask_to_delete_at_telnyx", by=by, on=fax, team=fax.team, data=data))
        if timeline.deletion_of(Fax.objects.select_for_update(of=("self",)).get(pk=fax.pk)):
            return None
        return timeline.note(fax, "deletion_asked", source=FaxEvent.Source.PERSON, by=by)


def can_delete(fax: Fax) -> bool:
    """Is it worth offering? Whether the copy here is good is looked at when somebody asks for it."""
    return bool(fax.telnyx_id) and fax.gone_at is None and fax.is_over and not fax.legal_hold


def differing_pages(fax: Fax) -> bool:
    """Does the file here have another number of pages than Telnyx announced? Then Telnyx's may be the better one."""
    return fax.document is not None and fax.page_count not in (None, fax.document.pages)


def is_as_it_came(document: Document) -> bool:
    """Read back just now, to the last bit. Raises OSError where the storage is away."""
    return digest(document) == (document.sha256, document.bytes)


def _reason_to_keep(fax: Fax) -> str:
    """Why Telnyx's copy must stay for now, in words; empty where it may go."""
    if not fax.telnyx_id or fax.gone_at is not None:
        return "Telnyx has no copy of this fax any more."
    if fax.legal_hold:
        return "This fax is on legal hold, so nothing of it is deleted. End the hold first."
    if not fax.is_over:
        return "This fax has not ended yet. Wait for its end, then delete it at Telnyx."
    return "" if fax.is_outbound else _reason_to_keep_pages(fax)


def _reason_to_keep_pages(fax: Fax) -> str:
    """Received pages exist twice, here and at Telnyx, until one of the two goes."""
    if fax.media == Media.MISSING:
        return "The pages of this fax are not here. Telnyx's copy may be the only one: have them fetched first."
    if differing_pages(fax):
        return "Telnyx announced another number of pages than are here. Its copy may be the better one, so it stays."
    kept = fax.original or fax.document
    if kept is None or not kept.is_here:
        # A call that brought no pages; or they were here, and have outlived their time.
        return ""
    try:
        good = is_as_it_came(kept)
    except OSError:
        return "The storage of the pages does not answer, so the copy here cannot be looked at. Try again later."
    return "" if good else "The file here is not the one that came. Telnyx's copy stays; tell an administrator."
