"""Ask Telnyx to stop faxes that somebody cancelled after they had left.

There is no cancelled status at Telnyx: whatever it reports next is the end of the fax. Asking twice does no harm.
https://developers.telnyx.com/api/programmable-fax/cancel-fax
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from applications.telnyx import client
from faxes import timeline
from faxes.claims import claim, later
from faxes.models import Fax, FaxEvent
from faxes.states import Outbox
from telnyx_api import AccountInactive, Forbidden, NoFunds, RateLimited, Refused, TelnyxError, Unauthorized
from wake import wake

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
# Refusals that speak of the account: whether this fax can still be stopped remains to be asked.
ACCOUNT = (Unauthorized, Forbidden, NoFunds, AccountInactive, RateLimited)


def drain() -> int:
    """Cancel until nothing is due. Returns how many faxes were taken up."""
    count = 0
    while cancel_next():
        count += 1
    return count


def cancel_next() -> bool:
    asked = Fax.objects.filter(outbox=Outbox.ACCEPTED, cancel=Fax.Cancel.REQUESTED, telnyx_id__isnull=False)
    fax = claim(asked, lease=LEASE)
    if fax is None:
        return False
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        _cancel(fax)
    return True


def _cancel(fax: Fax) -> None:
    try:
        with client() as telnyx:
            telnyx.cancel_fax(str(fax.telnyx_id))
    except (TelnyxError, ValueError) as error:
        if isinstance(error, Refused) and not isinstance(error, ACCOUNT):
            _answered(fax, Fax.Cancel.REFUSED, error.detail or str(error))
        else:
            _ask_later(fax, error)
        return
    _answered(fax, Fax.Cancel.ACCEPTED, "")


def _answered(fax: Fax, answer: Fax.Cancel, detail: str) -> None:
    """Telnyx's answer, and a look at the fax soon: no event is documented for a cancelled one."""
    now = timezone.now()
    with transaction.atomic():
        mine = Fax.objects.filter(pk=fax.pk, owner=fax.owner, cancel=Fax.Cancel.REQUESTED)
        if mine.update(cancel=answer, owner=None, leased_until=None, due_at=None, poll_at=now) == 1:
            timeline.note(fax, f"cancel_{answer}", source=FaxEvent.Source.ANSWER, detail=detail)
    wake("poll")


def _ask_later(fax: Fax, error: Exception) -> None:
    log.warning("cancel.later", error=str(error))
    due_at = later(timezone.now(), fax.tries)
    Fax.objects.filter(pk=fax.pk, owner=fax.owner).update(
        due_at=due_at, tries=fax.tries + 1, owner=None, leased_until=None
    )
    wake("cancel", after=(due_at - timezone.now()).total_seconds())
