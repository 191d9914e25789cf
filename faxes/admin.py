"""Faxes and documents in the admin: to be looked at, routed, refreshed and retried."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin.base import MirrorAdmin, ReadOnlyAdmin, ReadOnlyInline, WordFilter, facts, folded, person
from applications.admin import refresh_each
from contacts.models import Correspondent
from contacts.numbers import format_number, parse_number
from faxes import services
from faxes.models import Attempt, Document, Fax, FaxEvent
from faxes.states import RANK, Media, Outbox
from faxes.wording import BAD, GOOD, PLAIN, UNSURE, WAIT, state_of

TONES = {GOOD: "success", BAD: "danger", WAIT: "info", UNSURE: "warning", PLAIN: "default"}


class MissingFilter(admin.SimpleListFilter):
    """What a person has to see to, of any age: there are few of each, and an index leads to them."""

    title = "what is missing"
    parameter_name = "missing"
    lacks = {
        "team": ("A team", Q(team=None)),
        "evidence": ("Evidence whether it was sent", Q(outbox=Outbox.UNCERTAIN)),
        "pages": ("Its pages", Q(media=Media.MISSING)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(lack, words) for lack, (words, _) in self.lacks.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fax]) -> QuerySet[Fax]:
        return queryset.filter(self.lacks[lack][1]) if (lack := self.value()) in self.lacks else queryset


class StatusFilter(WordFilter):
    column, time_column, theirs = "status", "created_at", True
    known = [(word, word) for word in [*RANK, "delivered", "received", "failed"]]


class OutboxFilter(WordFilter):
    column, time_column = "outbox", "created_at"
    known = Outbox.choices


class MediaFilter(WordFilter):
    column, time_column = "media", "created_at"
    known = Media.choices


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ["started_at", "state", "posted_at", "settled_at", "telnyx_id", "token", "proof"]
    readonly_fields = ["proof"]

    @admin.display(description="evidence")
    def proof(self, attempt: Attempt) -> str:
        return facts(attempt.evidence)


class EventInline(ReadOnlyInline):
    model = FaxEvent
    verbose_name_plural = "timeline"
    fields = ["at", "kind", "source", "by", "occurred_at", "what"]
    readonly_fields = ["what"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FaxEvent]:
        rows: QuerySet[FaxEvent] = super().get_queryset(request)
        return rows.select_related("by")

    @admin.display(description="data")
    def what(self, event: FaxEvent) -> str:
        return facts(event.data)


@admin.register(Fax)
class FaxAdmin(MirrorAdmin):
    list_display = ["created_at", "direction", "sender", "recipient", "state", "status", "pages", "team"]
    list_filter = [MissingFilter, "direction", StatusFilter, OutboxFilter, MediaFilter, "team"]
    list_select_related = ["team", "document"]
    exact = ("id", "telnyx_id")
    search_help_text = "A fax's id, Telnyx's id of it, or the other side's number, in full."
    deferred = ("raw", "client_state", "media_url", "options")
    actions = ["refresh", "retry"]
    inlines = [EventInline, AttemptInline]
    fieldsets = [
        (None, {"fields": ["direction", "sender", "recipient", "standing", "team", "created_at"]}),
        (
            "Telnyx's",
            {
                "fields": [
                    "telnyx_id",
                    "status",
                    "failure_reason",
                    "page_count",
                    "call_duration_secs",
                    "connection_id",
                    "remote_at",
                    "gone_at",
                ]
            },
        ),
        (
            "Ours",
            {
                "fields": [
                    "outbox",
                    "media",
                    "cancel",
                    "trouble",
                    "created_by",
                    "correspondent",
                    "document",
                    "retry_of",
                    "attempt",
                    "wishes",
                ]
            },
        ),
        ("Work", {"fields": ["due_at", "leased_until", "tries", "poll_at", "line_held"], "classes": ["collapse"]}),
        ("Last payload", {"fields": ["payload"], "classes": ["collapse"]}),
    ]
    editable = ("team",)

    def has_change_permission(self, request: HttpRequest, obj: Fax | None = None) -> bool:
        """Only who it belongs to can be changed, and only while it belongs to nobody."""
        return obj is None or obj.team_id is None

    def view_on_site(self, fax: Fax) -> str:
        return reverse("faxes:detail", args=[fax.pk])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Fax], search_term: str
    ) -> tuple[QuerySet[Fax], bool]:
        number = _number(search_term)
        if not number:
            found: tuple[QuerySet[Fax], bool] = super().get_search_results(request, queryset, search_term)
            return found
        far_ends = Correspondent.objects.filter(number=number).values_list("pk", flat=True)
        # Faxes without a team have no correspondent, and are few.
        strays = Q(team=None) & (Q(from_number=number) | Q(to_number=number))
        return queryset.filter(Q(correspondent__in=list(far_ends)) | strays), False

    def save_model(self, request: HttpRequest, obj: Fax, form: Any, change: bool) -> None:
        if obj.team is not None:
            services.route_fax(by=person(request), fax=obj, team=obj.team)

    @admin.action(description="Refresh from Telnyx")
    def refresh(self, request: HttpRequest, rows: QuerySet[Fax]) -> None:
        refresh_each(self, request, rows, lambda fax: services.refresh(fax=fax))

    @admin.action(description="Retry what failed")
    def retry(self, request: HttpRequest, rows: QuerySet[Fax]) -> None:
        self.for_each(request, rows, lambda fax: services.retry(by=person(request), fax=fax), done="Tried once more")

    @admin.display(description="from")
    def sender(self, fax: Fax) -> str:
        return _in_one_piece(fax.from_number)

    @admin.display(description="to")
    def recipient(self, fax: Fax) -> str:
        return _in_one_piece(fax.to_number)

    @display(description="state", label=TONES)
    def state(self, fax: Fax) -> tuple[str, str]:
        state = state_of(fax)
        return state.tone, state.word

    @admin.display(description="state")
    def standing(self, fax: Fax) -> str:
        state = state_of(fax)
        return f"{state.word.capitalize()}. {state.sentence}"

    @admin.display(description="pages")
    def pages(self, fax: Fax) -> int | None:
        return fax.document.pages if fax.document else fax.page_count

    @admin.display(description="problem")
    def trouble(self, fax: Fax) -> str:
        return facts(fax.problem)

    @admin.display(description="options")
    def wishes(self, fax: Fax) -> str:
        return facts(fax.options)

    @admin.display(description="JSON")
    def payload(self, fax: Fax) -> SafeString:
        return folded(fax.raw)


def _in_one_piece(number: str) -> str:
    no_break_space = "\N{NO-BREAK SPACE}"
    return format_number(number).replace(" ", no_break_space)


def _number(term: str) -> str:
    """The fax number that was typed, in E.164; empty for what is an id."""
    try:
        UUID(term.strip())
    except ValueError:
        try:
            return parse_number(term)
        except ValidationError:
            pass
    return ""


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "name", "pages", "bytes", "content_type"]
    list_filter = ["kind"]
    ordering = ["-created_at", "-id"]
    exact = ("id",)
    search_help_text = "The document's id, in full."
    fieldsets = [
        (None, {"fields": ["id", "kind", "name", "pages", "content_type", "created_at"]}),
        ("File", {"fields": ["stored_as", "bytes", "sha256"]}),
        ("Sheet", {"fields": ["batch", "position"]}),
    ]

    @admin.display(description="stored as")
    def stored_as(self, document: Document) -> str:
        # The name alone: a document is downloaded from its fax, where that is on record.
        return str(document.file.name)
