"""What came and went last on the lines of a page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Subquery

from accounts.access import AnyUser
from applications.models import PhoneNumber
from faxes.models import Fax
from faxes.states import Outbox


class LastFaxes(NamedTuple):
    """When the newest fax came in on a line, when the newest one left, and which they are. None where there is none."""

    received_at: datetime | None
    received_id: UUID | None
    sent_at: datetime | None
    sent_id: UUID | None


def last_faxes(user: AnyUser, numbers: Iterable[PhoneNumber]) -> dict[UUID, LastFaxes]:
    """The last faxes of each number, of those that the user may see: one question for a whole page.

    A number that was given away has a past that is the old team's alone.
    """
    seen = Fax.objects.visible_to(user).order_by("-created_at", "-id")
    received = seen.received().filter(to_number=OuterRef("phone_number"))
    # What Telnyx has taken; a fax that never left is no sign of life of its line.
    sent = seen.sent().filter(from_number=OuterRef("phone_number"), outbox__in=["", Outbox.ACCEPTED])
    newest = [Subquery(faxes.values(column)[:1]) for faxes in (received, sent) for column in ("created_at", "id")]
    rows = PhoneNumber.objects.filter(pk__in=[number.pk for number in numbers]).order_by()
    return {pk: LastFaxes(*said) for pk, *said in rows.values_list("pk", *newest)}
