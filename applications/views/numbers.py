"""The pages of phone numbers: their list, and each with what it is called, attached to, and whose it is."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access
from accounts.guards import for_people
from accounts.models import Role, User
from applications.drift import drift_in_words
from applications.lines import SHOWS, Filters, Line, line_of, lines_of, managed
from applications.models import FaxApplication, PhoneNumber
from applications.number_forms import AttachForm, ReceivingForm, TeamForm, managed_teams
from applications.services import change_receiving, refresh_number, refresh_numbers
from applications.troubles import UNREADABLE, sentence_of
from contacts.numbers import format_number
from telnyx_api import TelnyxError

ON_A_PAGE = 50


def fetch_number(user: User, line_id: UUID) -> PhoneNumber:
    """The number, for who manages its team. A stranger gets 404, who is on the team without managing it 403; what
    belongs to no team is the administrators' alone."""
    numbers = PhoneNumber.objects.visible_to(user).select_related("team", "default_assignee")
    number = get_object_or_404(numbers, pk=line_id)
    access.require(user, number.owner, at_least=Role.MANAGER)
    return number


@require_safe
@for_people
def numbers(request: HttpRequest, user: User) -> HttpResponse:
    access.require_somewhere(user, at_least=Role.MANAGER)
    mine, filters = managed(user), Filters.of(request.GET)
    found = filters.narrow(mine)
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "filters": filters,
        "about_team": access.team_at(user, filters.team),
        "page": page,
        "lines": lines_of(user, found[(page.number - 1) * ON_A_PAGE :][:ON_A_PAGE]),
        "gone": mine.filter(gone_at__isnull=False).count(),
        "teams": managed_teams(user),
        "applications": FaxApplication.objects.visible_to(user, at_least=Role.MANAGER).filter(gone_at=None),
        "statuses": mine.exclude(status="").order_by("status").values_list("status", flat=True).distinct(),
        "shows": SHOWS,
        "drift": drift_in_words(user),
    }
    return render(request, "applications/number_list.html", context)


@require_POST
@for_people
def refresh_all(request: HttpRequest, user: User) -> HttpResponse:
    """Ask Telnyx for every number of the account. What comes is shown to whoever it belongs to."""
    access.require_somewhere(user, at_least=Role.MANAGER)
    try:
        count = refresh_numbers()
    except (TelnyxError, ValueError) as error:
        messages.error(request, sentence_of(error, unclear=UNREADABLE))
    else:
        # How many others have is nobody's business but the administrators'.
        many = f" The account has {count} number{'' if count == 1 else 's'}." if access.is_admin(user) else ""
        messages.success(request, f"Telnyx was asked just now.{many}")
    return redirect("applications:numbers")


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def detail(request: HttpRequest, user: User, line_id: UUID) -> HttpResponse:
    """The page. What becomes of faxes that come in is changed here; what moves the number has a page that asks."""
    number = fetch_number(user, line_id)
    form = ReceivingForm(request.POST if request.method == "POST" else None, number=number)
    if form.is_valid():
        try:
            change_receiving(by=user, number=number, changes=form.changes)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{format_number(number.phone_number)} is saved.")
            return redirect("applications:number", number.pk)
    line = line_of(user, number)
    context = {
        "number": number,
        "about_team": number.owner,
        "itself": [number],
        "line": line,
        "form": form,
        "attach": AttachForm(by=user, number=number),
        "give": TeamForm(by=user, number=number),
        "raw": _raw(line),
    }
    return render(request, "applications/number_detail.html", context)


@require_POST
@for_people
def refresh(request: HttpRequest, user: User, line_id: UUID) -> HttpResponse:
    number = fetch_number(user, line_id)
    try:
        known = refresh_number(number=number)
    except (TelnyxError, ValueError) as error:
        messages.error(request, sentence_of(error, unclear=UNREADABLE))
    else:
        if known:
            messages.success(request, "Telnyx was asked just now.")
        else:
            messages.warning(request, "Telnyx has this number no more.")
    return redirect("applications:number", number.pk)


def _raw(line: Line) -> str:
    """Telnyx's last words about the number, for those who read such: without the name of another team's application."""
    is_others = line.application is not None and not line.name
    raw = {key: value for key, value in line.number.raw.items() if not (is_others and key == "connection_name")}
    return json.dumps(raw, indent=2, ensure_ascii=False, sort_keys=True) if raw else ""
