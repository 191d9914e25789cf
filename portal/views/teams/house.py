"""All teams of a person, and which one they look at."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access
from accounts.guards import for_people, fresh
from accounts.models import Role, Team, User
from accounts.services import create_team

# The key in a session of the team that somebody looks at; empty, or not there, is all of theirs.
LOOKED_AT = "team"


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
@fresh
def teams(request: HttpRequest, user: User) -> HttpResponse:
    """The teams somebody sees; administrators make new ones here."""
    problem, name = "", ""
    if request.method == "POST":
        if not access.is_admin(user):
            raise PermissionDenied
        name = request.POST.get("name", "")
        try:
            team, is_new = create_team(by=user, name=name)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            messages.success(request, f"{team} is there. Invite people, and give it a number." if is_new else "")
            return redirect("portal:team", team.slug)
    standing = access.standing(user)
    seated = {seat.team_id for seat in standing.seats}
    people = Count("memberships", filter=Q(memberships__role__in=access.RANK, memberships__user__is_active=True))
    counts = dict(Team.objects.filter(pk__in=standing.roles).annotate(people=people).values_list("pk", "people"))
    rows = [
        (team, Role(standing.roles[team.pk]).label if team.pk in seated else "Administrator", counts.get(team.pk, 0))
        for team in standing.teams
    ]
    context = {"rows": rows, "problem": problem, "name": name, "may_create": access.is_admin(user)}
    return render(request, "portal/teams/teams.html", context)


@require_POST
@for_people
def switch(request: HttpRequest, user: User) -> HttpResponse:
    """Look at one team's faxes, or at all. A team that somebody does not see is like none."""
    slugs = {team.slug for team in access.teams(user)}
    slug = request.POST.get("team", "")
    request.session[LOOKED_AT] = slug if slug in slugs else ""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/faxes/inbox/"
    path = back.partition("?")[0]
    return redirect(f"{path}?team={request.session[LOOKED_AT]}" if request.session[LOOKED_AT] else path)
