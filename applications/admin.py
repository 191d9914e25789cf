"""Fax applications and numbers in the admin: mirrored, and given to teams."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from accounts import access
from accounts.admin.base import HouseAdmin, MirrorAdmin, ReadOnlyAdmin, folded, person
from accounts.models import Role, User
from applications.models import FaxApplication, Mirrored, PendingApplication, PhoneNumber
from applications.services import (
    assign_application,
    assign_number,
    dismiss_quiet,
    refresh_application,
    refresh_number,
    set_deleting,
    set_receiving,
    settle_application,
    update_application,
)
from telnyx_api import TelnyxError


def ask_each(
    model_admin: HouseAdmin, request: HttpRequest, rows: QuerySet[Any], ask: Callable[[Any], bool], *, done: str
) -> None:
    """Ask Telnyx for something about every selected row and tell how it went. The first trouble with Telnyx itself ends
    it, because the next question would run into it too, after as long a wait."""

    def tell(sentence: str, level: int = messages.WARNING) -> None:
        model_admin.message_user(request, sentence, level)

    chosen: list[Mirrored] = model_admin.selected(request, rows)
    answered = 0
    for place, row in enumerate(chosen):
        if not row.telnyx_id:
            tell(f"{row}: Telnyx has not given it an id, so it cannot be asked for.")
            continue
        try:
            if ask(row):
                answered += 1
            else:
                tell(f"{row}: Telnyx has it no more. It is marked as gone.")
        except ValidationError as error:
            tell(f"{row}: {' '.join(error.messages)}")
        except (TelnyxError, ValueError) as error:
            tell(f"{row}: Telnyx could not be asked. {error} Of {len(chosen)}, {place} were asked.", messages.ERROR)
            break
    if answered:
        tell(f"{done}: {answered}.", messages.SUCCESS)


def refresh_each(
    model_admin: HouseAdmin, request: HttpRequest, rows: QuerySet[Any], refresh: Callable[[Any], bool]
) -> None:
    """Fetch every selected row anew."""
    ask_each(model_admin, request, rows, refresh, done="Refreshed from Telnyx")


DELETING = (
    "With this, Telnyx keeps no copy: once the pages of a received fax are safe here they are deleted there, for good. "
    "Should the storage here be lost, only a backup of it has them. See to backups first."
)
EDITED_THERE = (
    "What Telnyx has is edited, and deleted, on the application's page in the portal: “View on site”. Telnyx takes the "
    "address for e-mail copies and never shows it, so here is what the portal set last."
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class GoneFilter(admin.SimpleListFilter):
    title = "at Telnyx"
    parameter_name = "gone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Still there"), ("yes", "Gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mirrored]) -> QuerySet[Mirrored]:
        return queryset.filter(gone_at__isnull=self.value() == "no") if self.value() else queryset


@admin.register(FaxApplication)
class FaxApplicationAdmin(MirrorAdmin):
    list_display = ["application_name", "team", "active", "telnyx_id", "webhook_event_url", "gone_at"]
    list_filter = ["team", "active", GoneFilter]
    list_select_related = ["team"]
    search_fields = ["application_name", "telnyx_id"]
    search_help_text = "Name or Telnyx's id."
    deferred = ("raw",)
    editable = ("team", "delete_once_archived")
    actions = ["refresh", "activate", "deactivate"]
    fieldsets = [
        ("Ours", {"fields": ["team", "fax_email_recipient"], "description": EDITED_THERE}),
        ("Faxes that have come in", {"fields": ["delete_once_archived"], "description": DELETING}),
        (
            "Telnyx's",
            {
                "fields": [
                    "application_name",
                    "telnyx_id",
                    "active",
                    "anchorsite_override",
                    "webhook_event_url",
                    "webhook_event_failover_url",
                    "webhook_timeout_secs",
                    "inbound_channel_limit",
                    "inbound_sip_subdomain",
                    "inbound_sip_subdomain_receive_settings",
                    "outbound_channel_limit",
                    "outbound_voice_profile_id",
                    "tags",
                    "remote_at",
                    "gone_at",
                ]
            },
        ),
        ("Last payload", {"fields": ["payload"], "classes": ["collapse"]}),
    ]

    def save_model(self, request: HttpRequest, obj: FaxApplication, form: Any, change: bool) -> None:
        if "team" in form.changed_data:
            before = FaxApplication.objects.get(pk=obj.pk)
            assign_application(by=person(request), application=before, team=obj.team)
        if "delete_once_archived" in form.changed_data:
            wanted = obj.delete_once_archived
            before = FaxApplication.objects.get(pk=obj.pk)
            set_deleting(by=person(request), application=before, delete_once_archived=wanted)

    @admin.action(description="Refresh from Telnyx")
    def refresh(self, request: HttpRequest, rows: QuerySet[FaxApplication]) -> None:
        refresh_each(self, request, rows, lambda row: refresh_application(application=row))

    @admin.action(description="Set active at Telnyx")
    def activate(self, request: HttpRequest, rows: QuerySet[FaxApplication]) -> None:
        self._set_active(request, rows, True, done="Active at Telnyx")

    @admin.action(description="Set inactive at Telnyx")
    def deactivate(self, request: HttpRequest, rows: QuerySet[FaxApplication]) -> None:
        self._set_active(request, rows, False, done="Not active at Telnyx any more")

    def _set_active(self, request: HttpRequest, rows: QuerySet[FaxApplication], active: bool, *, done: str) -> None:
        def ask(row: FaxApplication) -> bool:
            shown = {"active": row.active}
            update_application(by=person(request), application=row, changes={"active": active}, shown=shown)
            return True

        ask_each(self, request, rows, ask, done=done)

    @admin.display(description="JSON")
    def payload(self, application: FaxApplication) -> SafeString:
        return folded(application.raw)


@admin.register(PendingApplication)
class PendingApplicationAdmin(ReadOnlyAdmin):
    list_display = ["name", "team", "by", "state", "started_at"]
    list_filter = ["state", "team"]
    list_select_related = ["team", "by"]
    search_fields = ["telnyx_id"]
    search_help_text = "Telnyx's id of what it became."
    deferred = ("known",)
    actions = ["look"]
    fieldsets = [
        (None, {"fields": ["state", "team", "by", "started_at", "ends_at", "due_at", "tries", "telnyx_id"]}),
        ("Asked for", {"fields": ["asked"]}),
        ("What is known", {"fields": ["findings"]}),
    ]

    @admin.action(description="Look at Telnyx now")
    def look(self, request: HttpRequest, rows: QuerySet[PendingApplication]) -> None:
        self.for_each(request, rows, _look, done="Known now")

    @admin.display(description="JSON")
    def asked(self, wish: PendingApplication) -> SafeString:
        return folded(wish.fields)

    @admin.display(description="JSON")
    def findings(self, wish: PendingApplication) -> SafeString:
        return folded(wish.evidence)


def _look(wish: PendingApplication) -> None:
    if not wish.is_open:
        raise ValidationError("It is known already.")
    if settle_application(pending=wish).is_open:
        raise ValidationError("It is not known yet. Its page in the portal tells more.")


class QuietFilter(admin.SimpleListFilter):
    title = "quiet lines"
    parameter_name = "quiet"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Quiet"), ("unknown", "Quiet, and nobody knows")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PhoneNumber]) -> QuerySet[PhoneNumber]:
        if self.value() not in ("yes", "unknown"):
            return queryset
        quiet = queryset.filter(quiet_since__isnull=False)
        return quiet if self.value() == "yes" else quiet.filter(quiet_dismissed_at=None)


class NumberForm(forms.ModelForm):
    """Offers the people of the number's team, and those who are set though they left it, so that they can be taken off.

    A service decides."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "notify" not in self.fields:
            return
        number: PhoneNumber = self.instance
        team = number.owner
        told = number.notify.through.objects.filter(phonenumber=number)
        already = Q(pk=number.default_assignee_id) | Q(pk__in=told.values("user"))
        for name, role in (("default_assignee", Role.MEMBER), ("notify", Role.VIEWER)):
            members = access.people(team, at_least=role) if team else User.objects.none()
            field: Any = self.fields[name]
            field.queryset = User.objects.filter(Q(pk__in=members.values("pk")) | already)
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False


def _dismiss(by: User, number: PhoneNumber) -> None:
    if number.quiet_since is None:
        raise ValidationError("This number is not quiet.")
    dismiss_quiet(by=by, number=number)


def _time(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""


@admin.register(PhoneNumber)
class PhoneNumberAdmin(MirrorAdmin):
    form = NumberForm
    list_display = ["phone_number", "label", "team", "status", "connection_id", "quiet_since", "gone_at"]
    list_filter = ["team", ("status", admin.AllValuesFieldListFilter), QuietFilter, GoneFilter]
    list_select_related = ["team"]
    search_fields = ["phone_number", "label", "telnyx_id"]
    search_help_text = "Number, label or Telnyx's id."
    deferred = ("raw", "usual")
    editable = ("team", "label", "default_assignee", "notify")
    actions = ["refresh", "know_about_silence"]
    fieldsets = [
        (
            "Ours",
            {
                "fields": ["team", "label"],
                "description": "A number without a team of its own belongs to the team of its application.",
            },
        ),
        (
            "Faxes that come in",
            {
                "fields": ["default_assignee", "notify"],
                "description": "Only people of the number's team can be chosen. After a change of team, save first.",
            },
        ),
        ("Its rhythm", {"fields": ["rhythm", "silence"]}),
        ("Telnyx's", {"fields": ["phone_number", "telnyx_id", "connection_id", "status", "remote_at", "gone_at"]}),
        ("Last payload", {"fields": ["payload"], "classes": ["collapse"]}),
    ]

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        if not form.changed_data:
            return
        number = PhoneNumber.objects.get(pk=obj.pk)
        if "team" in form.changed_data:
            assign_number(by=person(request), number=number, team=obj.team)
        # After a change of team, too: it refuses people that the number's team does not have.
        said = {name: form.cleaned_data[name] for name in ("label", "default_assignee", "notify")}
        set_receiving(by=person(request), number=number, **said)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has done it."""

    @admin.action(description="I know about the silence")
    def know_about_silence(self, request: HttpRequest, rows: QuerySet[PhoneNumber]) -> None:
        self.for_each(request, rows, lambda number: _dismiss(person(request), number), done="Known to be silent")

    @admin.display(description="usual faxes a day")
    def rhythm(self, number: PhoneNumber) -> str:
        """Hours are UTC, so a day is one, too."""
        if len(number.usual) != 24 * len(WEEKDAYS):
            return "Not known: it is learned from several weeks of faxes."
        days = ((day, sum(number.usual[24 * place : 24 * (place + 1)])) for place, day in enumerate(WEEKDAYS))
        return ", ".join(f"{day} {mean:.1f}" for day, mean in days)

    @admin.display(description="quiet since")
    def silence(self, number: PhoneNumber) -> str:
        if number.quiet_since is None:
            return "It is not: faxes come in as usual, or too few are usual to tell."
        known = f" A person has known about it since {_time(number.quiet_dismissed_at)}."
        return f"{_time(number.quiet_since)}.{known if number.quiet_dismissed_at else ''}"

    @admin.action(description="Refresh from Telnyx")
    def refresh(self, request: HttpRequest, rows: QuerySet[PhoneNumber]) -> None:
        refresh_each(self, request, rows, lambda row: refresh_number(number=row))

    @admin.display(description="JSON")
    def payload(self, number: PhoneNumber) -> SafeString:
        return folded(number.raw)
