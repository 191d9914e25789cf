"""Where a number goes: to an application, and to a team; and where an application goes. Each move is asked about first,
with what becomes of faxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.guards import for_people, fresh
from accounts.models import Role, Team, User
from applications.drift import names_for
from applications.handover import what_follows, whom_it_concerns
from applications.models import FaxApplication, PhoneNumber
from applications.number_forms import AttachForm, HeirForm, TeamForm
from applications.outlook import Outlook, outlook_of, what_changes
from applications.services import attach_number, give_application, give_number, seen_of
from applications.troubles import problems_of
from applications.views.guards import fetch
from applications.views.numbers import fetch_number
from contacts.numbers import format_number
from telnyx_api import TelnyxError

look_or_do = require_http_methods(["GET", "HEAD", "POST"])
UNCLEAR = "Telnyx gave no clear answer: the change may have arrived or not. Refresh from Telnyx in a minute, and look."


@dataclass(frozen=True)
class Question:
    """What a page asks before something is moved, what becomes of its faxes, and what the button says. `seen` is where
    it was when that was asked."""

    title: str
    sentences: list[str]
    button: str
    to: str
    seen: str


@look_or_do
@for_people
@fresh
def attach(request: HttpRequest, user: User, line_id: UUID) -> HttpResponse:
    number = fetch_number(user, line_id)
    form = AttachForm(_said(request), by=user, number=number)
    if not form.is_valid():
        return _refused(request, number, form)
    wanted: FaxApplication | None = form.cleaned_data["to"]
    if number.connection_id == _id_of(wanted):
        messages.info(request, f"{_shown(number)} is so already.")
        return redirect("applications:number", number.pk)
    if request.method != "POST":
        return _ask(request, number, _attaching(number, wanted))
    try:
        row = attach_number(by=user, number=number, application=wanted, seen=request.POST.get("seen", ""))
    except ValidationError as error:
        # Asked anew about the number as it is by now, where it is still theirs.
        number = fetch_number(user, line_id)
        return _ask(request, number, _attaching(number, wanted), error.messages)
    except (TelnyxError, ValueError) as error:
        return _ask(request, number, _attaching(number, wanted), in_words(error))
    if row.connection_id != _id_of(wanted):
        where = names_for(user).get(row.connection_id, "something else") if row.connection_id else "nothing"
        messages.warning(request, f"Telnyx took the change, and yet shows {_shown(row)} attached to {where}.")
        return _to_page(user, row)
    return _moved(request, user, row)


@look_or_do
@for_people
@fresh
def give(request: HttpRequest, user: User, line_id: UUID) -> HttpResponse:
    """Give the number to a team, or take its own from it, so that it follows its application."""
    number = fetch_number(user, line_id)
    form = TeamForm(_said(request), by=user, number=number)
    if not form.is_valid():
        return _refused(request, number, form)
    team: Team | None = form.cleaned_data["to"]
    if request.method != "POST":
        return _ask(request, number, _giving(number, team))
    try:
        give_number(by=user, number=number, team=team, seen=request.POST.get("seen", ""))
    except ValidationError as error:
        number = fetch_number(user, line_id)
        return _ask(request, number, _giving(number, team), error.messages)
    return _moved(request, user, number)


@look_or_do
@for_people
@fresh
def give_away(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    """Give an application to a team, with the numbers that have none of their own. For administrators."""
    application = fetch(user, application_id)
    access.require_admin(user)
    form = HeirForm(_said(request), application=application)
    if not form.is_valid():
        return _refused(request, application, form)
    team: Team | None = form.cleaned_data["to"]
    if team == application.team:
        messages.info(request, f"{application} is so already.")
        return redirect(application)
    if request.method != "POST":
        return _ask(request, application, _giving_away(application, team))
    try:
        give_application(by=user, application=application, team=team, seen=request.POST.get("seen", ""))
    except ValidationError as error:
        application = fetch(user, application_id)
        return _ask(request, application, _giving_away(application, team), error.messages)
    messages.success(request, f"{application} belongs to {team or 'no team'} now.")
    return redirect(application)


def _attaching(number: PhoneNumber, wanted: FaxApplication | None) -> Question:
    before = outlook_of(number)
    sentences = _of_number(number, before, Outlook(number.team, wanted))
    if number.connection_id and before.application is None:
        sentences.append(f"At Telnyx it leaves {number.connection_id}, which is no fax application that we know.")
    title = f"Attach {_shown(number)} to {wanted}?" if wanted else f"Take {_shown(number)} off its application?"
    button = "Attach it" if wanted else "Take it off"
    return Question(title, sentences, button, str(wanted.pk) if wanted else "", number.connection_id)


def _giving(number: PhoneNumber, team: Team | None) -> Question:
    before = outlook_of(number)
    after = Outlook(team, before.application)
    title = f"Give {_shown(number)} to {team}?" if team else f"Leave {_shown(number)} to its application's team?"
    sentences = _of_number(number, before, after)
    button = "Give it" if team else "Leave it to that team"
    return Question(title, sentences, button, str(team.pk) if team else "", str(number.team_id or ""))


def _of_number(number: PhoneNumber, before: Outlook, after: Outlook) -> list[str]:
    return what_changes(before, after) + whom_it_concerns(before.team, after.team, [number])


def _giving_away(application: FaxApplication, team: Team | None) -> Question:
    title = f"Give {application} to {team}?" if team else f"Leave {application} without a team?"
    sentences = what_follows(application, team)
    button = "Give it" if team else "Leave it without a team"
    return Question(title, sentences, button, str(team.pk) if team else "", seen_of(application))


def _said(request: HttpRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _id_of(application: FaxApplication | None) -> str:
    return (application.telnyx_id or "") if application else ""


def _shown(number: PhoneNumber) -> str:
    return format_number(number.phone_number)


def _ask(
    request: HttpRequest, row: PhoneNumber | FaxApplication, question: Question, problems: Sequence[str] = ()
) -> HttpResponse:
    name, team = (_shown(row), row.owner) if isinstance(row, PhoneNumber) else (str(row), row.team)
    context: dict[str, Any] = {"row": row, "name": name, "about_team": team, "question": question, "problems": problems}
    return render(request, "applications/move.html", context)


def _moved(request: HttpRequest, user: User, number: PhoneNumber) -> HttpResponse:
    outlook = outlook_of(number)
    messages.success(request, f"{_shown(number)}: {outlook.receives} {outlook.sends}")
    return _to_page(user, number)


def _to_page(user: User, number: PhoneNumber) -> HttpResponse:
    """The number's page; the list where it has left the teams of who moved it."""
    mine = access.may(user, number.owner, at_least=Role.MANAGER)
    return redirect("applications:number", number.pk) if mine else redirect("applications:numbers")


def _refused(
    request: HttpRequest, row: PhoneNumber | FaxApplication, form: AttachForm | TeamForm | HeirForm
) -> HttpResponse:
    """What was chosen is not offered any more, or never was."""
    for sentence in form.errors["to"]:
        messages.error(request, str(sentence))
    return redirect(row)


def in_words(error: TelnyxError | ValueError) -> list[str]:
    return [sentence for sentences in problems_of(error, unclear=UNCLEAR).values() for sentence in sentences]
