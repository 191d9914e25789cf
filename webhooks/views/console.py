"""The list of what Telnyx has told. Page and poll render the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import access
from accounts.guards import for_people, is_fragment
from accounts.models import Role, User
from faxes.models import Fax
from faxes.sandbox import sandbox_url
from faxes.wording import State, far_end
from webhooks.filters import Filters
from webhooks.listing import faxes_of, page_of
from webhooks.models import Delivery, Refusal
from webhooks.wording import Lag, lag_of, state_of, times

# In seconds: how often the newest page looks for more.
LOOKS_AGAIN = 5
# Those that Telnyx documents: https://developers.telnyx.com/docs/programmable-fax/receiving-webhooks
TYPES = (
    "fax.queued",
    "fax.media.processed",
    "fax.sending.started",
    "fax.delivered",
    "fax.failed",
    "fax.receiving.started",
    "fax.media.processing.started",
    "fax.received",
)


@dataclass(frozen=True)
class Row:
    """A delivery as the list shows it."""

    id: UUID
    event_type: str
    state: State
    lag: Lag
    # Beyond the first time: by Telnyx's count, and by ours.
    attempt: int | None
    came: str
    fax_id: UUID | None
    fax: str
    team: str
    at: datetime


@require_safe
@for_people
def console(request: HttpRequest, user: User) -> HttpResponse:
    access.require_somewhere(user, at_least=Role.MANAGER)
    filters = Filters.of(request.GET, user)
    page = page_of(filters)
    faxes = faxes_of(filters, page.deliveries)
    rows = [row_of(delivery, faxes) for delivery in page.deliveries]
    version = hashlib.sha256(repr((rows, page.older, page.looked_back_to)).encode()).hexdigest()[:16]
    if is_fragment(request) and request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {
        "rows": rows,
        "filters": filters,
        "looked_back_to": page.looked_back_to,
        "older": filters.query(before=str(page.older)) if page.older else "",
        "newest": filters.query(before=""),
        "poll": filters.query(seen=version),
        "every": None if filters.before else LOOKS_AGAIN,
    }
    if is_fragment(request):
        return render(request, "webhooks/_delivery_rows.html", context)
    return render(request, "webhooks/delivery_list.html", context | _around(filters))


def row_of(delivery: Delivery, faxes: Mapping[str, Fax]) -> Row:
    fax = faxes.get(delivery.fax_telnyx_id)
    return Row(
        id=delivery.pk,
        event_type=delivery.event_type or "no type",
        state=state_of(delivery),
        lag=lag_of(delivery),
        attempt=delivery.attempt if (delivery.attempt or 0) > 1 else None,
        came=times(delivery.repeats + 1) if delivery.repeats else "",
        fax_id=fax.pk if fax else None,
        fax=far_end(fax) if fax else "",
        team=fax.team.name if fax and fax.team else "",
        at=delivery.received_at,
    )


def our_door() -> str:
    """Where Telnyx is to call us; empty where nobody has said how it reaches us."""
    return f"{settings.PUBLIC_URL}{reverse('webhooks:telnyx')}" if settings.PUBLIC_URL else ""


def _around(filters: Filters) -> dict[str, object]:
    """What the page has besides its rows."""
    refused = Refusal.objects.summary()
    states, types = dict(Delivery.State.choices), list(TYPES)
    return {
        "states": [(value, state_of(Delivery(state=value)).word) for value in states],
        "types": types,
        # A word of the address that nobody knows is looked for, too, and shown in its list.
        "other_state": filters.state if filters.state not in states else "",
        "other_type": filters.event_type if filters.event_type not in types else "",
        "about_team": filters.team,
        "teams": filters.teams if len(filters.teams) > 1 else [],
        "refused": refused,
        "refused_count": f"{refused.count:,}" if refused else "",
        "door": our_door(),
        "simulates": bool(sandbox_url()),
    }
