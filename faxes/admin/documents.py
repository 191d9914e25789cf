"""What hangs on faxes, in the admin: documents, tags, and what is left of faxes that were deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin.base import ReadOnlyAdmin
from faxes.models import Document, Fax, Tag, Tombstone

MOST_LINKS = 20


class StoredFilter(admin.SimpleListFilter):
    """Where the files of the last thirty days' documents are."""

    title = "file, last 30 days"
    parameter_name = "stored"
    states = {
        "stored": ("Stored", Q(stored_at__isnull=False, purged_at=None)),
        "unfinished": ("Unfinished", Q(stored_at=None, purged_at=None)),
        "purged": ("Deleted", Q(purged_at__isnull=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, words) for state, (words, _) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        if (state := self.value()) not in self.states:
            return queryset
        return queryset.filter(self.states[state][1], created_at__gte=timezone.now() - timedelta(days=30))


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "name", "standing", "pages", "size", "content_type"]
    list_filter = ["kind", StoredFilter]
    ordering = ["-created_at", "-id"]
    exact = ("id", "sha256")
    search_help_text = "The document's id or the SHA-256 of its file, in full."
    fieldsets = [
        (None, {"fields": ["id", "kind", "name", "pages", "content_type", "created_at", "its_faxes"]}),
        ("File", {"fields": ["standing", "stored_as", "bytes", "sha256", "stored_at", "purged_at"]}),
        ("Sheet", {"fields": ["batch", "position"]}),
    ]

    @display(description="file", label={"stored": "success", "unfinished": "warning", "deleted": "default"})
    def standing(self, document: Document) -> str:
        if document.purged_at is not None:
            return "deleted"
        return "stored" if document.stored_at is not None else "unfinished"

    @admin.display(description="size")
    def size(self, document: Document) -> str:
        return filesizeformat(document.bytes)

    @admin.display(description="stored as")
    def stored_as(self, document: Document) -> str:
        # The name alone: a document is downloaded from its fax, where that is on record.
        return str(document.file.name)

    @admin.display(description="faxes")
    def its_faxes(self, document: Document) -> SafeString | str:
        """The latest of them. Pages are seen there, where that is on record."""
        shown = Fax.objects.filter(Q(document=document) | Q(original=document))[:MOST_LINKS]
        links = ((reverse("admin:faxes_fax_change", args=[fax.pk]), fax) for fax in shown)
        return format_html_join(", ", '<a class="underline" href="{}">{}</a>', links) or "None"


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ["name", "team"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["name"]
    fieldsets = [(None, {"fields": ["name", "team"]})]


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnlyAdmin):
    """Faxes that were deleted here for good, and do not come back though Telnyx may go on listing them."""

    list_display = ["telnyx_id", "at"]
    ordering = ["telnyx_id"]
    exact = ("telnyx_id",)
    search_help_text = "Telnyx's id of the fax, in full."
    fieldsets = [(None, {"fields": ["telnyx_id", "at"]})]
