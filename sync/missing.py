"""Faxes that we have and Telnyx no longer lists: ask for each by its id, and mark those it does not know any more.

https://developers.telnyx.com/api/programmable-fax/view-fax
"""

from __future__ import annotations

import structlog
from django.db import models, transaction

from applications.mirror import usable_id
from faxes.mirror import Report, apply_remote, mark_gone, status_under_lock
from faxes.models import Fax, FaxEvent
from faxes.states import Media
from sync.gaps import Gaps
from sync.hand import Hand
from sync.slices import Slice
from telnyx_api import Client, NotFound, RateLimited, TelnyxError

log = structlog.get_logger(__name__)

# In one run. Should Telnyx drop its records of years, it takes some nights to notice.
MOST_QUESTIONS = 500
# Where so many are all there, the list leaves things out, and to ask for the others would tell nothing.
ENOUGH = 20


def ask_for_missing(telnyx: Client, hand: Hand, gaps: Gaps, piece: Slice, ids: set[str]) -> None:
    """Ask for what is missing from a complete list of the slice. Raises RateLimited."""
    ids = {usable_id(telnyx_id) for telnyx_id in ids}
    here = _here(piece).values_list("telnyx_id", flat=True)
    lacking = [telnyx_id for telnyx_id in here.iterator() if telnyx_id not in ids]
    gone = 0
    for number, telnyx_id in enumerate(lacking):
        lists_too_little = number >= ENOUGH and not gone
        if lists_too_little or hand.counts["faxes_asked"] >= MOST_QUESTIONS:
            hand.counts["faxes_not_asked"] += len(lacking) - number
            log.warning("sync.many_missing", slice=str(piece), missing=len(lacking), gone=gone)
            break
        hand.counts["faxes_asked"] += 1
        try:
            gone += _is_gone(telnyx, hand, gaps, Fax.objects.get(telnyx_id=telnyx_id))
        except Fax.DoesNotExist:
            # It has been deleted here meanwhile.
            continue
        except RateLimited:
            raise
        except (TelnyxError, ValueError) as error:
            hand.trouble(f"Not all faxes that Telnyx no longer lists could be asked for. {error}")
            return
        hand.keep()


def _here(piece: Slice) -> models.QuerySet[Fax]:
    """What Telnyx should list, as far as we know. What is just being deleted there is left out."""
    rows = Fax.objects.filter(telnyx_id__isnull=False, gone_at=None)
    rows = rows.exclude(media=Media.ARCHIVED, due_at__isnull=False)
    if piece.since is not None:
        rows = rows.filter(created_at__gte=piece.since)
    return rows.filter(created_at__lt=piece.before).order_by()


def _is_gone(telnyx: Client, hand: Hand, gaps: Gaps, fax: Fax) -> bool:
    try:
        answer = telnyx.get_fax(str(fax.telnyx_id))
    except NotFound:
        with transaction.atomic():
            if mark_gone(fax):
                gaps.lost(fax)
                hand.counts["faxes_gone"] += 1
        return True
    with transaction.atomic():
        before = status_under_lock(str(fax.telnyx_id))
        _, row = apply_remote(Report.of_fax(answer, source=FaxEvent.Source.ANSWER, retrieved=True))
        if row is not None:
            gaps.ended(row, before=before or "", at=row.remote_at)
    hand.counts["faxes_found"] += 1
    return False
