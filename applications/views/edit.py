"""Editing a fax application. Nothing is saved over what somebody changed meanwhile without their seeing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.guards import for_people
from accounts.models import User
from applications.drift import drift_of
from applications.fields import LABELS, in_words, values_of
from applications.forms import EditForm
from applications.models import FaxApplication
from applications.services import ChangedMeanwhile, update_application
from applications.troubles import mendable, problems_of
from applications.views.guards import fetch
from telnyx_api import TelnyxError

NOTHING = "not set"


@dataclass(frozen=True)
class Clash:
    """A field that was changed while somebody edited it: what they had been shown, what it is now, what they typed."""

    label: str
    was: str
    now: str
    typed: str


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def edit(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    application = fetch(user, application_id)
    if application.gone_at:
        messages.error(request, "Telnyx has this application no more, so it cannot be changed.")
        return redirect("applications:detail", application.pk)
    form = EditForm(request.POST if request.method == "POST" else None, application=application)
    clashes: Sequence[Clash] = []
    if form.is_bound and form.is_valid():
        try:
            if not form.changes:
                messages.info(request, "Nothing was changed.")
            else:
                row = update_application(by=user, application=application, changes=form.changes, shown=form.shown)
                _tell(request, row, form.changes)
            return redirect("applications:detail", application.pk)
        except ChangedMeanwhile as changed:
            application = fetch(user, application_id)
            clashes = _clashes(form, application, changed.columns)
            form = form.merged(application)
        except ValidationError as error:
            form.refuse(mendable(error))
        except (TelnyxError, ValueError) as error:
            form.refuse(problems_of(error))
    context = {"application": application, "about_team": application.team, "form": form, "clashes": clashes}
    return render(request, "applications/application_edit.html", context)


def _tell(request: HttpRequest, row: FaxApplication, changes: Mapping[str, Any]) -> None:
    messages.success(request, f"Saved: {', '.join(LABELS[column] for column in changes)}.")
    if otherwise := [one.label for one in drift_of(row) if one.column in changes]:
        messages.warning(request, f"Telnyx took the change, but keeps this another way: {', '.join(otherwise)}.")


def _clashes(form: EditForm, now: FaxApplication, columns: Sequence[str]) -> list[Clash]:
    values = values_of(now)
    return [
        Clash(
            label=LABELS[column],
            was=_said(column, form.shown[column]),
            now=_said(column, values[column]),
            typed=_said(column, form.changes[column]) if column in form.changes else "",
        )
        for column in columns
    ]


def _said(column: str, value: Any) -> str:
    return in_words(column, value) or NOTHING
