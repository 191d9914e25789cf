"""What every page needs to know about the house."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest

from accounts import access
from accounts.models import Role
from faxes import gate, quiet
from faxes.missing import count_missing
from faxes.reading import unread_count
from portal.health import worker_problem
from portal.views.teams.house import LOOKED_AT
from sync.found import open_gaps

MOST_QUIET_LINES = 3


def house(request: HttpRequest) -> dict[str, Any]:
    """For the bars on top of a page, empty where all is well: the sentences `worker_stale` and `sending_paused`, how
    many faxes are `missing_media`, and `quiet_lines`. Also how many faxes the person has `unread`, whether they
    `may_send` from somewhere, and whether they are the one who `manages` a team; which `my_teams` are, and the one
    they have `looked_at` last, if it is one of several.

    The bars and the count are asked for by the template, once, where the view does not know them anyway. Nothing is
    asked for strangers and for who still needs a second factor, nor for a fragment, whose page has its bars already,
    nor for the admin, which has none.
    """
    user = getattr(request, "user", None)
    without = getattr(request, "htmx", False) or request.path.startswith("/admin/")
    if user is None or not user.is_authenticated or without or getattr(request, "held", False):
        return {}
    teams = access.teams(user)
    slug = request.session.get(LOOKED_AT, "")
    return {
        "my_teams": teams,
        "looked_at": access.team_at(user, slug) if len(teams) > 1 else None,
        "worker_stale": cache(worker_problem),
        "sending_paused": cache(gate.closed_reason),
        "missing_media": cache(lambda: count_missing(user)),
        "quiet_lines": cache(lambda: quiet.silences(user, most=MOST_QUIET_LINES)),
        "unread": cache(lambda: unread_count(user)),
        "may_send": access.holds_somewhere(user, at_least=Role.MEMBER),
        "manages": access.holds_somewhere(user, at_least=Role.MANAGER),
        # Asked for by the template, for administrators.
        "gaps_open": cache(open_gaps),
    }
