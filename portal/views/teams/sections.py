"""What stands before every page of a team, and which pages there are. A new section is a line here, a view and an
address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import access
from accounts.guards import prove_first
from accounts.models import Role, Team, User

P = ParamSpec("P")


@dataclass(frozen=True)
class Section:
    title: str
    view_name: str


SECTIONS = (
    Section("Members", "portal:team"),
    Section("Numbers and applications", "portal:team_lines"),
    Section("Policies", "portal:team_policies"),
    Section("Notifications", "portal:team_notifications"),
)


def fetch(user: User, slug: str) -> Team:
    """The team with this address, for who sees it. Raises Http404 for everybody else."""
    if (team := access.team_at(user, slug)) is None:
        raise Http404
    return team


def show(request: HttpRequest, user: User, team: Team, template: str, **context: Any) -> HttpResponse:
    """A page of the team, with what all of them have around it."""
    around = {
        "team": team,
        "sections": SECTIONS,
        "may_manage": access.may(user, team, at_least=Role.MANAGER),
        "about_team": team,
        "several": len(access.teams(user)) > 1,
    }
    return render(request, f"portal/teams/{template}.html", around | context)


def team_action(
    act: Callable[Concatenate[HttpRequest, User, Team, P], HttpResponse | None],
) -> Callable[..., HttpResponse]:
    """A POST by which a manager changes something, and then sees the team's members. A stranger gets 404, who is on
    the team without managing it 403, and what a person can mend becomes a message."""

    @wraps(act)
    def checked(request: HttpRequest, team_slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        page = reverse("portal:team", args=[team_slug])
        if not request.user.is_authenticated:
            return redirect_to_login(page)
        team = fetch(request.user, team_slug)
        access.require(request.user, team, at_least=Role.MANAGER)
        if (elsewhere := prove_first(request, request.user)) is not None:
            return elsewhere
        try:
            answer = act(request, request.user, team, *args, **kwargs)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            answer = None
        return answer or redirect(page)

    return never_cache(require_POST(checked))
