"""The page of one fax application."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.guards import for_people
from accounts.models import User
from applications.views.guards import fetch


@require_safe
@for_people
def detail(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    return render(request, "applications/application_detail.html", {"application": fetch(user, application_id)})
