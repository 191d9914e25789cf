"""Fax applications and numbers in the admin: mirrored, and given to teams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin.base import HouseAdmin, MirrorAdmin, folded, person
from applications.models import FaxApplication, Mirrored, PhoneNumber
from applications.services import (
    assign_application,
    assign_number,
    label_number,
    refresh_application,
    refresh_number,
)
from telnyx_api import TelnyxError


def refresh_each(
    model_admin: HouseAdmin, request: HttpRequest, rows: QuerySet[Any], refresh: Callable[[Any], bool]
) -> None:
    """Ask Telnyx about every selected row and tell how it went. The first trouble with Telnyx itself ends it, because
    the next question would run into it too, after as long a wait."""

    def tell(sentence: str, level: int = messages.WARNING) -> None:
        model_admin.message_user(request, sentence, level)

    chosen: list[Mirrored] = model_admin.selected(request, rows)
    refreshed = 0
    for place, row in enumerate(chosen):
        if not row.telnyx_id:
            tell(f"{row}: Telnyx has not given it an id, so it cannot be asked for.")
            continue
        try:
            if refresh(row):
                refreshed += 1
            else:
                tell(f"{row}: Telnyx has it no more. It is marked as gone.")
        except (TelnyxError, ValueError) as error:
            tell(f"{row}: Telnyx could not be asked. {error} Of {len(chosen)}, {place} were asked.", messages.ERROR)
            break
    if refreshed:
        tell(f"Refreshed from Telnyx: {refreshed}.", messages.SUCCESS)


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
    editable = ("team",)
    actions = ["refresh"]
    fieldsets = [
        ("Ours", {"fields": ["team"]}),
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

    @admin.action(description="Refresh from Telnyx")
    def refresh(self, request: HttpRequest, rows: QuerySet[FaxApplication]) -> None:
        refresh_each(self, request, rows, lambda row: refresh_application(application=row))

    @admin.display(description="JSON")
    def payload(self, application: FaxApplication) -> SafeString:
        return folded(application.raw)


@admin.register(PhoneNumber)
class PhoneNumberAdmin(MirrorAdmin):
    list_display = ["phone_number", "label", "team", "status", "connection_id", "gone_at"]
    list_filter = ["team", ("status", admin.AllValuesFieldListFilter), GoneFilter]
    list_select_related = ["team"]
    search_fields = ["phone_number", "label", "telnyx_id"]
    search_help_text = "Number, label or Telnyx's id."
    deferred = ("raw",)
    editable = ("team", "label")
    actions = ["refresh"]
    fieldsets = [
        (
            "Ours",
            {
                "fields": ["team", "label"],
                "description": "A number without a team of its own belongs to the team of its application.",
            },
        ),
        ("Telnyx's", {"fields": ["phone_number", "telnyx_id", "connection_id", "status", "remote_at", "gone_at"]}),
        ("Last payload", {"fields": ["payload"], "classes": ["collapse"]}),
    ]

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        before = PhoneNumber.objects.get(pk=obj.pk)
        if "team" in form.changed_data:
            assign_number(by=person(request), number=before, team=obj.team)
        if "label" in form.changed_data:
            label_number(by=person(request), number=before, label=obj.label)

    @admin.action(description="Refresh from Telnyx")
    def refresh(self, request: HttpRequest, rows: QuerySet[PhoneNumber]) -> None:
        refresh_each(self, request, rows, lambda row: refresh_number(number=row))

    @admin.display(description="JSON")
    def payload(self, number: PhoneNumber) -> SafeString:
        return folded(number.raw)
