"""Who is on a team, with which role, and who is invited."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from accounts import access, invitations
from accounts.guards import for_people
from accounts.models import Invitation, Membership, Role, Team, User
from accounts.services import change_role, dismiss
from portal import invitations as by_mail
from portal.views.teams.sections import fetch, show, team_action

# The most that a person may do with each role, in words.
ROLES = {
    Role.VIEWER: "Reads and downloads faxes.",
    Role.MEMBER: "Also sends faxes, and sorts those that came in.",
    Role.MANAGER: "Also looks after people, numbers and policies.",
}


class InviteForm(forms.Form):
    email = forms.EmailField(
        max_length=254,
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "placeholder": "name@clinic.example"}),
        error_messages={"required": "Enter the address of whom you invite."},
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MEMBER)


@require_safe
@for_people
def members(request: HttpRequest, user: User, team_slug: str) -> HttpResponse:
    return _page(request, user, fetch(user, team_slug), InviteForm())


@team_action
def role(request: HttpRequest, user: User, team: Team, seat_id: UUID) -> None:
    membership = _seat(team, seat_id)
    change_role(by=user, membership=membership, role=request.POST.get("role", ""))
    messages.success(request, f"{membership.user} is a {Role(request.POST['role']).label.lower()} now.")


@team_action
def remove(request: HttpRequest, user: User, team: Team, seat_id: UUID) -> HttpResponse | None:
    membership = _seat(team, seat_id)
    dismiss(by=user, membership=membership)
    messages.success(request, f"{membership.user} is not on {team} any more, from this moment on.")
    # Whoever has left the team themselves sees its pages no more.
    gone = membership.user == user and not access.is_admin(user)
    return redirect("portal:teams") if gone else None


@team_action
def invite(request: HttpRequest, user: User, team: Team) -> HttpResponse | None:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, user, team, form)
    invitation = by_mail.invite(by=user, team=team, **form.cleaned_data)
    messages.success(request, f"{invitation.email} gets an e-mail with a link, good for a week.")
    return None


@team_action
def revoke(request: HttpRequest, user: User, team: Team, invitation_id: UUID) -> None:
    invitation = get_object_or_404(Invitation.objects.select_related("team"), pk=invitation_id, team=team)
    by_mail.revoke(by=user, invitation=invitation)
    messages.success(request, f"The invitation of {invitation.email} is taken back.")


def _page(request: HttpRequest, user: User, team: Team, form: InviteForm) -> HttpResponse:
    seats = Membership.objects.filter(team=team, role__in=access.RANK).select_related("user")
    context: dict[str, Any] = {
        "seats": sorted(seats, key=lambda seat: str(seat.user).casefold()),
        "roles": [(role.value, role.label, said) for role, said in ROLES.items()],
        "form": form,
    }
    if access.may(user, team, at_least=Role.MANAGER):
        context["invited"] = by_mail.with_troubles(invitations.open_invitations(team))
    return show(request, user, team, "members", **context)


def _seat(team: Team, seat_id: UUID) -> Membership:
    return get_object_or_404(Membership.objects.select_related("user", "team"), pk=seat_id, team=team)
