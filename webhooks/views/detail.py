"""The page of one delivery: what it said, how long it took, what came of it, and processing it once more."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.guards import for_people, is_fragment
from accounts.models import Role, User
from faxes.models import Fax
from faxes.views.answers import to_login
from faxes.wording import far_end
from webhooks import services
from webhooks.models import Delivery
from webhooks.payload import readable
from webhooks.views.console import row_of
from webhooks.wording import ACCEPTED, lag_of, state_of, times

# In seconds: how often the page looks while the delivery waits.
WHILE_OPEN = 2
# Of one fax: more events than any fax is documented to have.
MOST_EVENTS = 30


@require_safe
@for_people
def detail(request: HttpRequest, user: User, delivery_id: UUID) -> HttpResponse:
    """The page; for its poll, the part that changes, or 204 when the page shows all of it already."""
    delivery, fax = fetch(user, delivery_id)
    context = _live(delivery, fax)
    if not is_fragment(request):
        body = bytes(delivery.body)
        facts = _facts(delivery, body)
        return render(request, "webhooks/delivery_detail.html", context | {"body": readable(body), "facts": facts})
    if request.GET.get("seen") == context["version"]:
        return HttpResponse(status=204)
    return render(request, "webhooks/_delivery_live.html", context)


@require_POST
def again(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    if not request.user.is_authenticated:
        return to_login(request, reverse("webhooks:detail", args=[delivery_id]))
    delivery, _ = fetch(request.user, delivery_id)
    try:
        services.process_again(by=request.user, delivery=delivery)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        # Often it is applied before the page is back, and then looks as it did before.
        messages.success(request, "It is processed once more. Nothing that it tells is done twice.")
    return redirect("webhooks:detail", delivery_id)


def fetch(user: User, delivery_id: UUID) -> tuple[Delivery, Fax | None]:
    """The delivery and its fax, for who manages the fax's team. A stranger gets 404, who is on the team without
    managing it 403; what is about no team's fax is the administrators' alone."""
    delivery = get_object_or_404(Delivery.objects.visible_to(user), pk=delivery_id)
    fax = delivery.about
    access.require(user, fax.team if fax else None, at_least=Role.MANAGER)
    return delivery, fax


def _live(delivery: Delivery, fax: Fax | None) -> dict[str, Any]:
    faxes = {delivery.fax_telnyx_id: fax} if fax else {}
    shown: dict[str, Any] = {
        "delivery": delivery,
        "state": state_of(delivery),
        "verdict": ACCEPTED,
        "lag": lag_of(delivery),
        "moments": _moments(delivery),
        # Not called “fax”, by which the rail would take this for a fax's own page.
        "about": fax,
        "about_team": fax.team if fax else None,
        "fax_name": far_end(fax) if fax else "",
        "events": [row_of(one, faxes) for one in _events_of_fax(delivery)],
        "is_open": delivery.state == Delivery.State.PENDING,
        "every": WHILE_OPEN if delivery.state == Delivery.State.PENDING else None,
    }
    said = repr([value for name, value in shown.items() if name not in ("delivery", "about")])
    return shown | {"version": hashlib.sha256(said.encode()).hexdigest()[:16]}


def _events_of_fax(delivery: Delivery) -> list[Delivery]:
    """All that was told of the same fax, in the order in which it came."""
    if not delivery.fax_telnyx_id:
        return []
    rows = Delivery.objects.filter(fax_telnyx_id=delivery.fax_telnyx_id).defer("body")
    return list(rows.order_by("-received_at", "-pk")[:MOST_EVENTS])[::-1]


def _moments(delivery: Delivery) -> list[tuple[str, datetime | None, str]]:
    """What happened when, and what is to be said where that is not known."""
    is_open = delivery.state == Delivery.State.PENDING
    done = ("Next try", delivery.due_at, "now") if is_open else ("Processed", delivery.processed_at, "not yet")
    return [
        ("Happened at Telnyx", delivery.occurred_at, "not told"),
        ("Arrived here", delivery.received_at, ""),
        done,
    ]


def _facts(delivery: Delivery, body: bytes) -> list[tuple[str, str]]:
    """Facts by name; those that are not known are left out."""
    facts = [
        ("Event id", delivery.event_id),
        ("Fax at Telnyx", delivery.fax_telnyx_id),
        ("Attempt", str(delivery.attempt or "")),
        ("Came", times(delivery.repeats + 1)),
        ("Tries here", str(delivery.tries or "")),
        ("Size", filesizeformat(len(body))),
        ("SHA-256", hashlib.sha256(body).hexdigest()),
    ]
    return [(name, fact) for name, fact in facts if fact]
