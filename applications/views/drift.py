"""What differs between Telnyx and us: the list of it, and the buttons that settle it on the pages of both kinds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.guards import for_people
from accounts.models import Role, User
from applications.drift import drifted
from applications.models import FaxApplication
from applications.services import keep_theirs, restore_ours
from applications.views.guards import fetch
from applications.views.moving import in_words
from applications.views.numbers import fetch_number
from applications.written import Writable
from telnyx_api import TelnyxError

# What is settled makes room for the rest.
SHOWN_AT_ONCE = 50

Settle = Callable[[User, Writable, Collection[str]], str]


@require_safe
@for_people
def everything(request: HttpRequest, user: User) -> HttpResponse:
    access.require_somewhere(user, at_least=Role.MANAGER)
    found = drifted(user)
    context = {"count": len(found), "drifted": found[:SHOWN_AT_ONCE]}
    return render(request, "applications/drift_list.html", context)


@require_POST
@for_people
def application_keep(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    return _settled(request, user, fetch(user, application_id), _keep)


@require_POST
@for_people
def application_restore(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    return _settled(request, user, fetch(user, application_id), _restore)


@require_POST
@for_people
def number_keep(request: HttpRequest, user: User, line_id: UUID) -> HttpResponse:
    return _settled(request, user, fetch_number(user, line_id), _keep)


@require_POST
@for_people
def number_restore(request: HttpRequest, user: User, line_id: UUID) -> HttpResponse:
    return _settled(request, user, fetch_number(user, line_id), _restore)


def _settled(request: HttpRequest, user: User, row: Writable, settle: Settle) -> HttpResponse:
    """Settle what the form names, say how it went, and lead back to where the button was."""
    try:
        messages.success(request, settle(user, row, request.POST.getlist("seal")))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (TelnyxError, ValueError) as error:
        messages.error(request, " ".join(in_words(error)))
    if request.POST.get("back") == "list":
        return redirect("applications:drift")
    return redirect("applications:detail" if isinstance(row, FaxApplication) else "applications:number", row.pk)


def _keep(by: User, row: Writable, seals: Collection[str]) -> str:
    labels = ", ".join(one.label for one in keep_theirs(by=by, row=row, seals=seals))
    return f"{row}: {labels} stays as Telnyx has it."


def _restore(by: User, row: Writable, seals: Collection[str]) -> str:
    if left := restore_ours(by=by, row=row, seals=seals):
        return f"{row}: Telnyx took it, and still shows something else: {', '.join(one.label for one in left)}."
    return f"{row}: Telnyx has it as we wrote it."
