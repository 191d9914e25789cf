"""The dashboard: what needs somebody now, what is on its way, and whether the house is well.

It is made of parts, each with a version. The page's script looks again, often while a fax is under way, and puts those
in place that changed; where nothing did, the answer is empty. Everything here can be read without the script.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts import access
from accounts.guards import for_people, is_fragment
from accounts.models import Role, Team, User
from faxes.sandbox import sandbox_url
from portal.dashboard.facts import Facts, facts_of
from portal.dashboard.line import line_of
from portal.dashboard.movement import Moving, moving
from portal.dashboard.needs import needs_of
from portal.dashboard.steps import steps_of
from portal.dashboard.strip import strip_of

# In seconds: how often an open page looks again, while a fax on it is under way and otherwise.
WHILE_OPEN = 4
ELSE = 25
# The bars that stand on top of other pages are parts of this one.
NO_BARS: dict[str, Any] = {"worker_stale": None, "sending_paused": "", "missing_media": 0, "quiet_lines": []}


@require_safe
@for_people
def home(request: HttpRequest, user: User) -> HttpResponse:
    """The page; for its script the parts of it, or 204 where it shows all of them already."""
    if not access.teams(user) and not access.is_admin(user):
        return HttpResponseClientRefresh() if is_fragment(request) else render(request, "portal/home_no_team.html")
    team = _team(request, user)
    moves = moving(user, team)
    seen, moved = request.GET.get("seen"), _version(moves)
    if is_fragment(request) and request.GET.get("part") == "moving" and seen == moved:
        return HttpResponse(status=204)
    facts = facts_of(user, team)
    parts = _parts(user, team, moves, facts)
    versions = {name: _version(part) for name, part in parts.items()}
    whole = _version(versions)
    if is_fragment(request) and seen == whole:
        return HttpResponse(status=204)
    context = parts | {
        "versions": versions | {"whole": whole, "moving": moved},
        "often": WHILE_OPEN if moves.changes_soon else None,
        "seldom": ELSE,
        "team": team,
        "about_team": team,
    }
    if is_fragment(request):
        return render(request, "portal/_home_parts.html", context)
    # The rail counts what is unread in all teams.
    unread = {} if team else {"unread": facts.unread}
    return render(request, "portal/home.html", context | unread | NO_BARS)


def _team(request: HttpRequest, user: User) -> Team | None:
    """The team that the address is about; None is all of the user's."""
    slug = request.GET.get("team", "")
    team = next((team for team in access.teams(user) if team.slug == slug), None)
    if slug and team is None:
        raise Http404
    return team


def _parts(user: User, team: Team | None, moves: Moving, facts: Facts) -> dict[str, Any]:
    """What the parts of the page show, by name."""
    line = line_of(user, any_quiet=facts.any_quiet)
    manages = access.holds_somewhere(user, at_least=Role.MANAGER)
    needs = needs_of(user, team, facts)
    steps = steps_of(user, moves, sandbox_url=sandbox_url())
    return {
        "strip": strip_of(facts, line, for_admin=access.is_admin(user), for_manager=manages),
        # Before the first fax has arrived, it is no merit that nothing waits.
        "needs": {"cards": needs, "is_calm": not (needs or steps)},
        "steps": steps,
        "going": {"rows": moves.going, "more": facts.going - len(moves.going)},
        "latest": moves.latest,
        "line": line,
    }


def _version(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
