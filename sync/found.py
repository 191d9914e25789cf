"""What syncs have found: gaps, and sends that were uncertain."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet, TextChoices
from django.utils import timezone

from faxes.listing.keyset import Page, Place, page_of
from faxes.models import Attempt
from faxes.states import Outbox
from sync.models import Gap

PAGE = 20
# Counted no further.
MANY = 100
LATELY = timedelta(days=14)


class Show(TextChoices):
    ALL = "all", "All"
    OPEN = "open", "Open"
    SETTLED = "settled", "Settled"


def gaps(side: str, show: str = Show.ALL, *, before: Place | None = None, size: int = PAGE) -> Page[Gap]:
    """Of one side, newest first. A word that nobody knows shows all."""
    rows = with_faxes(Gap.objects.filter(side=side))
    if show in (Show.OPEN, Show.SETTLED):
        rows = rows.filter(settled_at__isnull=show == Show.OPEN)
    return page_of(rows, "found_at", before=before, size=size)


def with_faxes(rows: QuerySet[Gap]) -> QuerySet[Gap]:
    return rows.select_related("fax__correspondent", "fax__document", "fax__team").defer("fax__raw")


def open_gaps() -> int:
    """How many are open; not more than MANY."""
    return Gap.objects.filter(side__in=Gap.Side.values, settled_at=None)[:MANY].count()


def uncertain_now() -> list[Attempt]:
    """The attempts of which nobody knows yet whether Telnyx has taken them, however old."""
    rows = Attempt.objects.filter(state=Attempt.State.UNCERTAIN, fax__outbox=Outbox.UNCERTAIN)
    return list(rows.select_related("fax__correspondent", "fax__team").defer("fax__raw").order_by("-started_at")[:MANY])


def settled_lately(*, before: Place | None = None, size: int = PAGE) -> Page[Attempt]:
    """Those that were in doubt during the last days and are not any more."""
    rows = Attempt.objects.filter(doubted_at__gt=timezone.now() - LATELY).exclude(state=Attempt.State.UNCERTAIN)
    rows = rows.select_related("fax__correspondent", "fax__team").defer("fax__raw")
    return page_of(rows, "doubted_at", before=before, size=size)
