"""What Telnyx answers when it is asked for one fax by its id, and who wants to hear of what it had not told by itself.

https://developers.telnyx.com/api/programmable-fax/view-fax
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from faxes.mirror import Report, apply_remote, mark_gone, status_under_lock
from faxes.models import Fax, FaxEvent
from telnyx_api import Fax as FaxPayload

# The fax as it is now, and its status before.
Heard = Callable[[Fax, str], None]

_listeners: list[Heard] = []


def on_found_out(heard: Heard) -> None:
    """Register who is told what had to be asked for, in the transaction of the change. Whoever it is stands to the
    right of us."""
    if heard not in _listeners:
        _listeners.append(heard)


def take_answer(fax: Fax, answer: FaxPayload | None) -> Fax | None:
    """Bring the fax up to date with what Telnyx answers; None stands for a 404. The row as it is then, or None where
    nothing was left to be said."""
    with transaction.atomic():
        before = status_under_lock(str(fax.telnyx_id))
        row = _gone(fax) if answer is None else _told(answer)
        if row is not None and before is not None:
            for heard in _listeners:
                heard(row, before)
    return row


def _gone(fax: Fax) -> Fax | None:
    return Fax.objects.filter(pk=fax.pk).first() if mark_gone(fax) else None


def _told(answer: FaxPayload) -> Fax | None:
    return apply_remote(Report.of_fax(answer, source=FaxEvent.Source.ANSWER, retrieved=True))[1]
