"""The list of fax applications."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.guards import for_people
from accounts.models import Role, User
from applications.models import FaxApplication


@require_safe
@for_people
def applications(request: HttpRequest, user: User) -> HttpResponse:
    access.require_somewhere(user, at_least=Role.MANAGER)
    rows = FaxApplication.objects.visible_to(user, at_least=Role.MANAGER).select_related("team")
    return render(request, "applications/application_list.html", {"rows": rows})
