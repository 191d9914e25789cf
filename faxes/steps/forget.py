"""Delete received faxes at Telnyx, for applications that ask for it, once their pages are safe here.

Safe means: read back from the storage just now, and the same to the last bit. A fax under legal hold stays where it is.
https://developers.telnyx.com/api-reference/programmable-fax-commands/delete-a-fax
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import DatabaseError, models, transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from applications.telnyx import client
from faxes import timeline
from faxes.at_telnyx import is_as_it_came
from faxes.claims import backoff, claim
from faxes.mirror import mark_gone
from faxes.models import Fax, FaxEvent
from faxes.states import Media
from telnyx_api import NotFound, TelnyxError
from wake import wake

log = structlog.get_logger(__name__)

# Longer than reading fifty megabytes from a slow storage takes.
LEASE = timedelta(minutes=10)
RAREST = timedelta(hours=4)


def drain() -> int:
    """Delete until nothing is due. Returns how many faxes were taken up."""
    count = 0
    while forget_next():
        count += 1
    return count


def forget_next() -> bool:
    free = Fax.objects.filter(media=Media.ARCHIVED, legal_hold=False)
    fax: Fax | None = claim(free, lease=LEASE, tries=F("tries") + 1)
    if fax is None:
        return False
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        try:
            _forget(fax)
        except (OSError, TelnyxError, ValueError, DatabaseError) as error:
            # The storage, Telnyx, our settings or our own tables: each may be away for a while.
            log.warning("forget.later", error=str(error))
            _try_later(fax)
    return True


def _forget(fax: Fax) -> None:
    kept = fax.original or fax.document
    if kept is None or not kept.is_here:
        # Its pages were deleted here meanwhile, so nothing proves any more that they had arrived.
        _mine(fax).update(**DONE)
        return
    if not is_as_it_came(kept):
        log.error("forget.altered", document=str(kept.pk))
        _keep_there(fax)
        return
    if not _may_go(fax, pages=(fax.document or kept).pages):
        return
    with client() as telnyx:
        try:
            telnyx.delete_fax(str(fax.telnyx_id))
        except NotFound:
            log.info("forget.was_gone")
    _forgotten(fax)


def _may_go(fax: Fax, *, pages: int) -> bool:
    """As it is now: reading takes a while, and events come in any order. One that may not has been put aside."""
    row = _mine(fax).first()
    if row is not None and row.page_count not in (None, pages):
        # Telnyx's copy may be the better one.
        _mine(fax).update(**DONE)
        return False
    if row is None or row.legal_hold:
        _mine(fax).update(owner=None, leased_until=None)
        return False
    return True


def _forgotten(fax: Fax) -> None:
    with transaction.atomic():
        if _mine(fax).update(**DONE):
            mark_gone(fax, kind="deleted_at_telnyx", source=FaxEvent.Source.PORTAL)
            audit.record(audit.Entry("fax.delete_at_telnyx", on=fax, team=fax.team, data={"telnyx_id": fax.telnyx_id}))


def _keep_there(fax: Fax) -> None:
    """The copy here is not what came, so Telnyx's is the only good one: it stays, and people are told."""
    with transaction.atomic():
        if _mine(fax).update(**DONE):
            timeline.note(fax, "kept_at_telnyx")


def _try_later(fax: Fax) -> None:
    wait = backoff(fax.tries - 1, most=RAREST.total_seconds())
    _mine(fax).update(due_at=timezone.now() + wait, owner=None, leased_until=None)
    wake("forget", after=wait.total_seconds())


DONE = {"due_at": None, "owner": None, "leased_until": None, "tries": 0}


def _mine(fax: Fax) -> models.QuerySet[Fax]:
    return Fax.objects.filter(pk=fax.pk, owner=fax.owner, media=Media.ARCHIVED)
