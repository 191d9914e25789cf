"""Fax applications in the admin, and those that were asked for without a clear answer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin.base import ReadOnlyAdmin, folded, person
from applications.admin.base import DriftFilter, GoneFilter, WrittenAdmin, ask_each, refresh_each
from applications.models import FaxApplication, PendingApplication
from applications.services import (
    refresh_application,
    set_deleting,
    settle_application,
    update_application,
)

DELETING = (
    "With this, Telnyx keeps no copy: once the pages of a received fax are safe here they are deleted there, for good. "
    "Should the storage here be lost, only a backup of it has them. See to backups first."
)
EDITED_THERE = (
    "What Telnyx has is edited, and deleted, on the application's page in the portal: “View on site”. Telnyx takes the "
    "address for e-mail copies and never shows it, so here is what the portal set last."
)


@admin.register(FaxApplication)
class FaxApplicationAdmin(WrittenAdmin):
    list_display = ["application_name", "team", "active", "telnyx_id", "webhook_event_url", "gone_at"]
    list_filter = ["team", "active", GoneFilter, DriftFilter]
    list_select_related = ["team"]
    search_fields = ["application_name", "telnyx_id"]
    search_help_text = "Name or Telnyx's id."
    deferred = ("raw",)
    editable = ("delete_once_archived",)
    actions = ["refresh", "activate", "deactivate", "keep_theirs", "restore_ours"]
    fieldsets = [
        ("Ours", {"fields": ["whose", "fax_email_recipient"], "description": EDITED_THERE}),
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
                    "differs",
                ]
            },
        ),
        ("Last payload", {"fields": ["payload"], "classes": ["collapse"]}),
    ]

    def save_model(self, request: HttpRequest, obj: FaxApplication, form: Any, change: bool) -> None:
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
