"""What the reconciliation did, and which parts are alive, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from accounts.admin.base import ReadOnlyAdmin, folded
from sync.models import Heartbeat, SyncRun


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "finished_at", "complete", "error"]
    fieldsets = [(None, {"fields": ["started_at", "finished_at", "window_start", "complete", "error", "numbers"]})]

    @admin.display(boolean=True)
    def complete(self, run: SyncRun) -> bool:
        return run.is_complete

    @admin.display(description="counts")
    def numbers(self, run: SyncRun) -> SafeString:
        return folded(run.counts)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "at"]
    ordering = ["name"]
    fieldsets = [(None, {"fields": ["name", "at"]})]
