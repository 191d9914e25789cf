"""Making a fax application, and what is to be seen until it is known whether Telnyx made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts import access
from accounts.guards import for_people, is_fragment
from accounts.models import Role, User
from applications.fields import LABELS, ON_CREATE
from applications.forms import CreateForm, typed_anew
from applications.models import FaxApplication, PendingApplication
from applications.services import choose_application, create_application, settle_application
from applications.troubles import UNREADABLE, mendable, problems_of, sentence_of
from telnyx_api import TelnyxError

# In seconds: how often the page looks whether it is known by now.
WHILE_OPEN = 3


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def new(request: HttpRequest, user: User) -> HttpResponse:
    access.require_somewhere(user, at_least=Role.MANAGER)
    if request.method != "POST":
        return _form(request, CreateForm(by=user, initial=_once_more(request, user)))
    form = CreateForm(request.POST, by=user)
    if form.is_valid():
        try:
            pending = create_application(
                by=user,
                token=form.cleaned_data["token"],
                team=form.cleaned_data["team"],
                values=form.values,
                delete_once_archived=form.cleaned_data["delete_once_archived"],
            )
        except ValidationError as error:
            form.refuse(mendable(error))
        except (TelnyxError, ValueError) as error:
            form.refuse(problems_of(error, unclear=UNREADABLE))
        else:
            return _led_to(request, user, pending, otherwise=_otherwise(form, pending))
    return _form(request, form.renewed())


@require_safe
@for_people
def pending(request: HttpRequest, user: User, pending_id: UUID) -> HttpResponse:
    """What is known of a wish. Once it is made, its page is the application's."""
    wish = _fetch(user, pending_id)
    made = _application(user, wish)
    if made and not is_fragment(request):
        return redirect("applications:detail", made.pk)
    if made:
        return HttpResponseClientRefresh()
    version = hashlib.sha256(json.dumps([wish.state, wish.evidence, wish.tries]).encode()).hexdigest()[:16]
    if is_fragment(request) and request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {
        "pending": wish,
        "about_team": wish.team,
        "version": version,
        "every": WHILE_OPEN if wish.is_open else None,
        "candidates": wish.evidence.get("candidates", []),
    }
    fragment = "applications/_pending_state.html"
    return render(request, fragment if is_fragment(request) else "applications/pending_application.html", context)


@require_POST
@for_people
def look(request: HttpRequest, user: User, pending_id: UUID) -> HttpResponse:
    return _led_to(request, user, settle_application(pending=_fetch(user, pending_id)))


@require_POST
@for_people
def choose(request: HttpRequest, user: User, pending_id: UUID) -> HttpResponse:
    """Which of the candidates it became; the empty one is none of them."""
    wish = _fetch(user, pending_id)
    try:
        wish = choose_application(by=user, pending=wish, telnyx_id=request.POST.get("telnyx_id") or None)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (TelnyxError, ValueError) as error:
        messages.error(request, sentence_of(error, unclear=UNREADABLE))
    return _led_to(request, user, wish)


def _form(request: HttpRequest, form: CreateForm) -> HttpResponse:
    return render(request, "applications/application_new.html", {"form": form})


def _fetch(user: User, pending_id: UUID) -> PendingApplication:
    """The wish, for who manages its team. A stranger gets 404, who is on the team without managing it 403."""
    wishes = PendingApplication.objects.visible_to(user).select_related("team", "by")
    wish = get_object_or_404(wishes, pk=pending_id)
    access.require(user, wish.team, at_least=Role.MANAGER)
    return wish


def _application(user: User, wish: PendingApplication) -> FaxApplication | None:
    """What it became, for who may see it: somebody may have given it to another team at once."""
    if wish.state != PendingApplication.State.MADE:
        return None
    return FaxApplication.objects.visible_to(user, at_least=Role.MANAGER).filter(telnyx_id=wish.telnyx_id).first()


def _otherwise(form: CreateForm, wish: PendingApplication) -> list[str]:
    """The names of the fields that were typed otherwise than the wish was asked for: an earlier one may have turned up
    late, and was taken instead of making a second."""
    typed = form.values | {"delete_once_archived": form.cleaned_data["delete_once_archived"]}
    asked = {column: value for column, value in typed.items() if value not in (None, "", [])}
    columns = (*ON_CREATE, "delete_once_archived")
    return [LABELS[column] for column in columns if asked.get(column) != wish.fields.get(column)]


def _led_to(
    request: HttpRequest, user: User, wish: PendingApplication, *, otherwise: Sequence[str] = ()
) -> HttpResponse:
    made = _application(user, wish)
    if made is None:
        return redirect("applications:pending", wish.pk)
    messages.success(request, f"“{made}” is made at Telnyx. Next, attach a number to it.")
    if otherwise:
        names = ", ".join(otherwise)
        messages.warning(request, f"It is as it was asked for before. Not taken from what you typed now: {names}.")
    return redirect("applications:detail", made.pk)


def _once_more(request: HttpRequest, user: User) -> dict[str, object]:
    """What was asked for before, to be asked for again."""
    try:
        before = UUID(request.GET.get("like", ""))
    except ValueError:
        return {}
    try:
        return typed_anew(_fetch(user, before))
    except Http404:
        return {}
