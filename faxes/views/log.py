"""Who saw a fax, who downloaded it and who changed it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.audit.listing import Filters, page_of
from accounts.audit.shown import rows_of
from accounts.guards import for_people
from accounts.models import Role, User
from contacts.numbers import format_number
from faxes.views.pane import fetch


@require_safe
@for_people
def log(request: HttpRequest, user: User, fax_id: UUID) -> HttpResponse:
    """For those who manage the team whose fax it is: its entries in the chains that they read, newest first."""
    fax = fetch(user, fax_id)
    access.require(user, fax.team, at_least=Role.MANAGER)
    filters = replace(Filters.of(request.GET, user), about=str(fax.pk))
    page = page_of(filters)
    context = {
        "fax": fax,
        "about_team": fax.team,
        "far": format_number(fax.other_number),
        "rows": rows_of(filters, page.entries),
        "older": page.entries[-1].pk if page.has_older else "",
        "is_later_page": filters.before is not None,
        "of_a_fax": True,
    }
    return render(request, "faxes/fax_log.html", context)
