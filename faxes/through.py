"""How many faxes go through an application: asked for by its page, bounded so that no page counts for long."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.access import AnyUser
from applications.models import FaxApplication
from faxes.models import Fax, FaxQuerySet

LATELY = timedelta(days=30)
MOST = 1000


def faxes_through(user: AnyUser, application: FaxApplication) -> list[str]:
    """Sentences about faxes that the user sees: those under way, and those of the last 30 days."""
    if not application.telnyx_id:
        return []
    its = Fax.objects.visible_to(user).filter(connection_id=application.telnyx_id).kept()
    # Whoever is not at its end is asked about later, and there is an index of those.
    under_way = its.filter(poll_at__isnull=False)
    lately = its.filter(created_at__gte=timezone.now() - LATELY)
    sentences = [f"{_bounded(lately.received())} received and {_bounded(lately.sent())} sent in the last 30 days"]
    if (count := _bounded(under_way)) != "0":
        sentences.insert(0, f"{count} under way at this moment")
    return [f"Faxes: {sentence}" for sentence in sentences]


def _bounded(faxes: FaxQuerySet) -> str:
    count = faxes.order_by()[: MOST + 1].count()
    return f"more than {MOST:,}" if count > MOST else str(count)
