"""The page behind an invitation's link: who has the address joins, with the account they have or a new one."""

from __future__ import annotations

from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import invitations
from accounts.models import Invitation, User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class NewAccountForm(forms.Form):
    name = forms.CharField(
        max_length=150, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    password = forms.CharField(
        label="A password for here",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least ten characters, such as four words in a row.",
    )


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    too_many: HttpResponse | None = ratelimit.consume_or_429(request, action="signup")
    if too_many is not None:
        return too_many
    found = invitations.find(token)
    if found is None:
        return render(request, "portal/teams/invitation_over.html", status=404)
    if request.user.is_authenticated:
        return _for_somebody(request, request.user, found)
    has_account = invitations.account_of(found) is not None
    if has_account or not settings.LOCAL_LOGIN:
        context = {"invitation": found, "signs_in": True, "has_account": has_account, "sign_on": settings.OIDC_NAME}
        return render(request, "portal/teams/invitation.html", context)
    return _for_a_stranger(request, found)


def _for_somebody(request: HttpRequest, user: User, found: Invitation) -> HttpResponse:
    if request.method == "POST":
        try:
            invitations.accept(invitation=found, user=user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(request.path)
        return _welcome(request, found)
    mine = invitations.is_for(found, user)
    return render(request, "portal/teams/invitation.html", {"invitation": found, "is_mine": mine})


def _for_a_stranger(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = NewAccountForm(request.POST or None)
    if form.is_valid():
        try:
            user = invitations.accept_as_new(invitation=found, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            login(request, user, backend=BACKEND)
            return _welcome(request, found)
    context = {"invitation": found, "form": form, "username": invitations.username_for(found)}
    return render(request, "portal/teams/invitation.html", context)


def _welcome(request: HttpRequest, found: Invitation) -> HttpResponse:
    messages.success(request, f"Welcome to {found.team}.")
    return redirect("portal:team", found.team.slug)
