"""Which mailboxes of a team are told of its faxes."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.guards import for_people, prove_first
from accounts.models import Role, User
from notifications.models import Wish
from notifications.services import TOPICS, set_mailbox
from portal.views.teams.sections import fetch, show

# What a mailbox can be told of: nothing is given to one.
OF_BOXES = {
    "received": "Faxes that come in",
    "delivered": "Faxes that arrived",
    "failed": "Faxes that did not get through",
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def notifications(request: HttpRequest, user: User, team_slug: str) -> HttpResponse:
    team, problem, address = fetch(user, team_slug), "", ""
    if request.method == "POST":
        access.require(user, team, at_least=Role.MANAGER)
        if (elsewhere := prove_first(request, user)) is not None:
            return elsewhere
        address = request.POST.get("address", "")
        topics = {name: name in request.POST for name in TOPICS[:3]}
        try:
            set_mailbox(by=user, team=team, address=address, **topics)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            told = f"{address} is told of that." if any(topics.values()) else f"{address} is told of nothing any more."
            messages.success(request, told)
            return redirect("portal:team_notifications", team.slug)
    boxes = [
        (wish, [(name, label, getattr(wish, name)) for name, label in OF_BOXES.items()])
        for wish in Wish.objects.filter(team=team).exclude(address="")
    ]
    new = [(name, label, name == "received") for name, label in OF_BOXES.items()]
    context = {"boxes": boxes, "new": new, "problem": problem, "address": address}
    return show(request, user, team, "notifications", **context)
