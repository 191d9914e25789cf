"""Which numbers and applications a team has."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.guards import for_people
from accounts.models import User
from applications.models import FaxApplication, PhoneNumber
from portal.views.teams.sections import fetch, show


@require_safe
@for_people
def lines(request: HttpRequest, user: User, team_slug: str) -> HttpResponse:
    team = fetch(user, team_slug)
    applications = FaxApplication.objects.filter(team=team, gone_at=None)
    inherited = Q(team=None, connection_id__in=applications.exclude(telnyx_id=None).values("telnyx_id"))
    numbers = PhoneNumber.objects.filter(Q(team=team) | inherited, gone_at=None)
    numbers = numbers.select_related("default_assignee").order_by("label", "phone_number")
    names = dict(FaxApplication.objects.filter(team=team).values_list("telnyx_id", "application_name"))
    rows = [(number, names.get(number.connection_id, "")) for number in numbers]
    return show(request, user, team, "lines", rows=rows, applications=list(applications))
