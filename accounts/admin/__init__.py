"""People, teams and the audit log in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import audit
from accounts.admin.base import HouseAdmin, ReadOnlyAdmin, folded, person
from accounts.models import LogEntry, Membership, Role, Team, User
from accounts.services import (
    create_team,
    end_ways_in,
    locked,
    remove_member,
    rename_team,
    set_member,
    set_policy,
    set_retention,
)
from accounts.sign_in.addresses import vouch
from accounts.sign_in.local import remove_second_factors

# Roles are ours, and addresses belong to their people: nobody needs a page of either.
admin.site.unregister([Group, EmailAddress])
# Keys are their owners', too. What an administrator may do about them is an action on people.
admin.site.unregister([Authenticator, SocialAccount, SocialApp, SocialToken, UserSession])


ACCESS = "Superusers administer the house and see every team. Who else sees what is told on each team's page."


class OneAddressEach(forms.ModelForm):
    """An address logs in, so it can belong to one person only."""

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        others = User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk)
        if email and others.exists():
            raise ValidationError("Another person has this address. Each needs their own to log in.")
        return email


class PersonChangeForm(OneAddressEach, UserChangeForm):
    pass


class PersonCreationForm(OneAddressEach, UserCreationForm):
    pass


@admin.register(User)
class UserAdmin(BaseUserAdmin, HouseAdmin):
    """People are never deleted, because faxes and the audit log speak of them: make them inactive."""

    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["username", "email", "first_name", "last_name"]
    filter_horizontal = []
    ordering = ["username"]
    actions = ["remove_second_factors"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Access", {"fields": ["is_active", "is_superuser"], "description": ACCESS}),
        ("Times", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email", "password1", "password2"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return ["last_login", "date_joined"] if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        before = _facts(User.objects.get(pk=obj.pk)) if change else {}
        obj.is_staff = obj.is_superuser
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            # The old address must open nothing any more, such as a way to a new password.
            EmailAddress.objects.filter(user=obj).delete()
            vouch(obj)
        changed = {name: fact for name, fact in _facts(obj).items() if before.get(name) != fact}
        if changed:
            data = {"before": {name: before[name] for name in changed if name in before}, "after": changed}
            action = "user.change" if change else "user.create"
            end_ways_in(by=person(request), user=obj)
            audit.record(audit.Entry(action, by=person(request), on=obj, data=data))

    @admin.action(description="Remove second factors, for whoever has lost theirs")
    def remove_second_factors(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        self.for_each(
            request,
            people,
            lambda user: remove_second_factors(by=person(request), user=user),
            done="May sign in with the password alone, and set up a new one",
        )

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        return super().user_change_password(request, id, form_url)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """Called for each form of a person's; what the other form changed is on record already."""
        if request.resolver_match and request.resolver_match.url_name == "auth_user_password_change":
            audit.record(audit.Entry("user.set_password", by=person(request), on=obj))
        return super().log_change(request, obj, message)


def _facts(user: User) -> dict[str, Any]:
    """What the log keeps of an account. Not its password."""
    names = ("username", "first_name", "last_name", "email", "is_active", "is_superuser")
    return {name: getattr(user, name) for name in names}


class MembershipForm(forms.ModelForm):
    """A membership is one person's for good: only its role changes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].disabled = not self.instance._state.adding


class MembershipInline(TabularInline):
    model = Membership
    form = MembershipForm
    fields = ["user", "role"]
    autocomplete_fields = ["user"]
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        rows: models.QuerySet[Membership] = super().get_queryset(request)
        return rows.select_related("user").order_by("user__username")


# The policy of a team, in plain words.
POLICY = {
    "keep_media_days": "So many days after a fax its pages are deleted for good; the line that it was there stays. "
    "Empty: they are kept.",
    "keep_records_days": "So many days after a fax everything is deleted for good: its pages, its numbers, its notes. "
    "Empty: it is kept. The audit log keeps its number for good.",
}
SECOND_FACTOR = (
    "Its members set up a passkey or an authenticator app before they see anything more; administrators, too."
)
RETENTION = "What is deleted does not come back. A fax on legal hold is never deleted, however old it is."


class TeamForm(forms.ModelForm):
    """What a page showed travels along, so that a field that nobody touched overwrites nothing."""

    class Meta:
        help_texts = POLICY | {"mfa_required": SECOND_FACTOR}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True


@admin.register(Team)
class TeamAdmin(HouseAdmin):
    form = TeamForm
    list_display = ["name", "slug", "keep_media_days", "keep_records_days", "created_at"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "created_at"]}),
        ("Who comes in", {"fields": ["mfa_required"]}),
        ("What is kept, and how long", {"fields": list(POLICY), "description": RETENTION}),
    ]
    add_fieldsets = [(None, {"fields": ["name"]})]
    # What `set_policy()` changes.
    policies: ClassVar[tuple[str, ...]] = ("mfa_required",)
    editable = ("name", *policies, *POLICY)
    inlines = [MembershipInline]

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        if change:
            if POLICY.keys() & set(form.changed_data):
                now, said = locked(obj), {name: form.cleaned_data[name] for name in form.changed_data}
                days = {column: said.get(column, getattr(now, column)) for column in POLICY}
                set_retention(by=person(request), team=obj, **days)
            if policy := {column: form.cleaned_data[column] for column in self.policies if column in form.changed_data}:
                set_policy(by=person(request), team=obj, **policy)
            if "name" in form.changed_data:
                rename_team(by=person(request), team=obj, name=obj.name)
            return
        team, is_new = create_team(by=person(request), name=obj.name)
        if not is_new:
            raise ValidationError(f"There is a team called “{team}” already.")
        obj.pk, obj.name, obj.slug = team.pk, team.name, team.slug

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for membership in formset.save(commit=False):
            set_member(by=person(request), team=form.instance, user=membership.user, role=Role(membership.role))
        for membership in formset.deleted_objects:
            remove_member(by=person(request), team=form.instance, user=membership.user)


class ChainFilter(admin.SimpleListFilter):
    title = "team"
    parameter_name = "chain"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(audit.HOUSE, "The house"), *((str(team.pk), team.name) for team in Team.objects.all())]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[LogEntry]) -> models.QuerySet[LogEntry]:
        return queryset.filter(chain=self.value()) if self.value() else queryset


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor_name", "action", "object_name", "object_type", "address"]
    list_filter = [ChainFilter]
    ordering = ["-at", "-id"]
    exact = ("object_id",)
    search_help_text = "The id of what was acted on, in full."
    deferred = ("data",)
    fieldsets = [
        (
            None,
            {"fields": ["at", "actor_name", "actor_id", "action", "object_type", "object_id", "object_name", "what"]},
        ),
        ("From where", {"fields": ["address", "agent"]}),
        ("Chain", {"fields": ["chain", "sequence", "previous_hash", "hash"], "classes": ["collapse"]}),
    ]

    @admin.display(description="data")
    def what(self, entry: LogEntry) -> SafeString:
        return folded(entry.data)
