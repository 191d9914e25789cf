"""The pages of one's own account. What concerns passwords, second factors and sessions is allauth's."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.forms import PreferencesForm, ProfileForm
from accounts.guards import for_people
from accounts.middleware import seconds_left
from accounts.models import User
from accounts.sign_in import local

# The parts of the page, in their order. Each is a template with a form of its own, which goes to an address of its own.
SECTIONS = [
    "accounts/_me_profile.html",
    "accounts/_me_preferences.html",
    "notifications/_me_mails.html",
    "accounts/_me_sign_in.html",
]


@require_safe
@for_people
def me(request: HttpRequest, user: User) -> HttpResponse:
    return _page(request, user)


@require_POST
@for_people
def save_profile(request: HttpRequest, user: User) -> HttpResponse:
    return _save(request, user, ProfileForm(request.POST, instance=user), name="profile")


@require_POST
@for_people
def save_preferences(request: HttpRequest, user: User) -> HttpResponse:
    return _save(request, user, PreferencesForm(request.POST, instance=user), name="preferences")


@require_POST
@for_people
def keys(request: HttpRequest, user: User) -> HttpResponse:
    """The checkbox on the sheet of keys."""
    user.keys_on = bool(request.POST.get("on"))
    user.save(update_fields=["keys_on"])
    return HttpResponse(status=204)


@require_http_methods(["GET", "POST"])
@for_people
def here(request: HttpRequest, user: User) -> HttpResponse:
    """How many seconds the session has left. To POST is to say that somebody is here; to ask is not."""
    return JsonResponse({"left": round(seconds_left(request), 1)})


def _save(request: HttpRequest, user: User, form: forms.ModelForm[User], *, name: str) -> HttpResponse:
    if not form.is_valid():
        # What was refused must not show elsewhere on the page as if it were so.
        user.refresh_from_db()
        return _page(request, user, status=422, **{name: form})
    columns = form.changed_data
    if columns:
        with transaction.atomic():
            user.save(update_fields=columns)
            before = {column: form.initial[column] for column in columns}
            data = {"before": before, "after": {column: getattr(user, column) for column in columns}}
            audit.record(audit.Entry("user.change_own", by=user, on=user, data=data))
        messages.success(request, "Saved.")
    return redirect("accounts:me")


def _page(request: HttpRequest, user: User, *, status: int = 200, **bound: Any) -> HttpResponse:
    sign_on = SocialAccount.objects.filter(user=user).first()
    context = {
        "sections": SECTIONS,
        "profile": ProfileForm(instance=user),
        "preferences": PreferencesForm(instance=user),
        "may_use_password": local.may_use_password(user),
        "has_second_factor": local.has_second_factor(user),
        "sign_on_name": settings.OIDC_NAME if settings.OIDC_CLIENT_ID else "",
        "sign_on": sign_on,
        "session_count": UserSession.objects.filter(user=user).count(),
        **bound,
    }
    return render(request, "accounts/me.html", context, status=status)
