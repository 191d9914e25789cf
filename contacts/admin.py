"""The other ends of the line in the admin."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from contacts.models import Correspondent


@admin.register(Correspondent)
class CorrespondentAdmin(ReadOnlyAdmin):
    list_display = ["number", "name", "team"]
    list_filter = ["team"]
    list_select_related = ["team"]
    # By the unique index of both.
    ordering = ["team_id", "number"]
    search_fields = ["number", "name"]
    fieldsets = [(None, {"fields": ["number", "name", "team"]})]
