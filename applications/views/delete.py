"""Deleting a fax application: what uses it is shown first, and it is asked once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.guards import for_people
from accounts.models import User
from applications.services import delete_application
from applications.troubles import sentence_of
from applications.views.detail import attached
from applications.views.guards import fetch
from telnyx_api import TelnyxError

UNCLEAR = (
    "Telnyx gave no clear answer, and does not say that the application is gone. Here, too, nothing was changed. "
    "Delete it again: what is deleted twice is deleted."
)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def delete(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    application = fetch(user, application_id)
    problems: list[str] = []
    if request.method == "POST":
        try:
            delete_application(by=user, application=application)
        except ValidationError as error:
            problems = error.messages
        except (TelnyxError, ValueError) as error:
            problems = [sentence_of(error, unclear=UNCLEAR)]
        else:
            messages.success(request, f"“{application}” is deleted at Telnyx. Its faxes stay here.")
            return redirect("applications:list")
    named = {"application": application, "about_team": application.team}
    context = attached(user, application) | named | {"problems": problems}
    return render(request, "applications/application_delete.html", context)
