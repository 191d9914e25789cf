"""Faxes in the admin: to be looked at, routed, refreshed and retried."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from accounts.admin.base import MirrorAdmin, ReadOnlyInline, facts, folded, person
from accounts.models import Team
from applications.admin import refresh_each
from applications.models import PhoneNumber
from applications.services import assign_number
from contacts.models import Correspondent
from contacts.numbers import format_number, parse_number
from faxes import looks, services
from faxes.admin.filters import MediaFilter, MissingFilter, OutboxFilter, StatusFilter, TriageFilter
from faxes.models import Attempt, Fax, FaxEvent, Note
from faxes.wording import BAD, GOOD, PLAIN, UNSURE, WAIT, state_of

TONES = {GOOD: "success", BAD: "danger", WAIT: "info", UNSURE: "warning", PLAIN: "default"}

MOST_UNROUTED = 99


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ["started_at", "state", "posted_at", "settled_at", "telnyx_id", "token", "proof"]
    readonly_fields = ["proof"]

    @admin.display(description="evidence")
    def proof(self, attempt: Attempt) -> str:
        return facts(attempt.evidence)


class NoteInline(ReadOnlyInline):
    model = Note
    fields = ["at", "by", "text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Note]:
        rows: QuerySet[Note] = super().get_queryset(request)
        return rows.select_related("by")


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


class GiveForm(forms.Form):
    team = forms.ModelChoiceField(Team.objects.all(), widget=UnfoldAdminSelectWidget, empty_label="Choose a team")
    owns_number = forms.BooleanField(
        label="Make this team the owner of the number, too",
        help_text="Further faxes to the numbers that these came in on are this team's then. A number that belongs to a "
        "team by now stays there: its own page moves it.",
        required=False,
        widget=UnfoldBooleanWidget,
    )


def unrouted(request: HttpRequest) -> str:
    """How many faxes belong to no team, for the badge in the sidebar; nothing where there are none."""
    count = Fax.objects.filter(team=None).order_by()[: MOST_UNROUTED + 1].count()
    return f"{MOST_UNROUTED}+" if count > MOST_UNROUTED else str(count or "")


def shows_unrouted(request: HttpRequest) -> bool:
    """Is this the list of unrouted faxes? For the sidebar, where two links lead to lists of faxes."""
    return _shows_faxes(request) and request.GET.get("missing") == "team"


def shows_faxes(request: HttpRequest) -> bool:
    """Is this a page of faxes, other than the list of the unrouted ones?"""
    return _shows_faxes(request) and not shows_unrouted(request)


def _shows_faxes(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:faxes_fax_changelist"))


@admin.register(Fax)
class FaxAdmin(MirrorAdmin):
    list_display = [
        "created_at",
        "direction",
        "sender",
        "recipient",
        "state",
        "triage",
        "pages",
        "team",
        "assigned_to",
    ]
    list_filter = [MissingFilter, TriageFilter, "direction", StatusFilter, OutboxFilter, MediaFilter, "team"]
    list_select_related = ["team", "document", "assigned_to"]
    exact = ("id", "telnyx_id")
    search_help_text = "A fax's id, Telnyx's id of it, or the other side's number, in full."
    deferred = ("raw", "client_state", "media_url", "options")
    actions = ["give", "refresh", "retry"]
    inlines = [NoteInline, EventInline, AttemptInline]
    fieldsets = [
        (None, {"fields": ["direction", "sender", "recipient", "standing", "team", "created_at"]}),
        ("Triage", {"fields": ["assigned_to", "handled_at", "words", "trashed_at", "legal_hold"]}),
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
                    "original",
                    "heard_at",
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

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Fax | None = None, **options: Any
    ) -> HttpResponse:
        if obj is not None:
            looks.opened(person(request), obj)
        page: HttpResponse = super().render_change_form(request, context, *args, obj=obj, **options)
        return page

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

    @admin.action(description="Give to team …")
    def give(self, request: HttpRequest, rows: QuerySet[Fax]) -> HttpResponse | None:
        """Ask which team, then give it each fax; the numbers they came in on, too, if that was asked for."""
        chosen: list[Fax] = self.selected(request, rows)
        if not chosen:
            return None
        form = GiveForm(request.POST if "give" in request.POST else None)
        if not form.is_valid():
            return TemplateResponse(request, "admin/give_faxes.html", self._asking(request, form, chosen))
        team, by = form.cleaned_data["team"], person(request)
        self.for_each(request, rows, lambda fax: services.route_fax(by=by, fax=fax, team=team), done=f"Given to {team}")
        if form.cleaned_data["owns_number"]:
            self._give_numbers(request, chosen, team)
        return None

    def _asking(self, request: HttpRequest, form: GiveForm, chosen: list[Fax]) -> dict[str, Any]:
        line = f"The fax from {_in_one_piece(chosen[0].from_number)} to {_in_one_piece(chosen[0].to_number)}"
        said = {"title": "Give faxes to a team", "opts": self.opts, "form": form, "faxes": chosen, "line": line}
        return {**self.admin_site.each_context(request), **said, "ticked": helpers.ACTION_CHECKBOX_NAME}

    def _give_numbers(self, request: HttpRequest, chosen: list[Fax], team: Team) -> None:
        """Of the faxes that were nobody's. What belongs to a team moves only by its own page, which asks first."""
        theirs = {fax.to_number for fax in chosen if not fax.is_outbound and fax.team is None}
        numbers = PhoneNumber.objects.filter(phone_number__in=theirs, gone_at=None).select_related("team")
        given = [number for number in numbers if number.owner is None]
        for number in given:
            assign_number(by=person(request), number=number, team=team)
        if given:
            lines = ", ".join(str(number) for number in given)
            self.message_user(request, f"Further faxes go to {team}, too: {lines}.", messages.SUCCESS)

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

    @display(description="triage", label={"handled": "success", "in the bin": "default", "legal hold": "warning"})
    def triage(self, fax: Fax) -> str:
        """The one word that matters most."""
        if fax.legal_hold:
            return "legal hold"
        return "in the bin" if fax.trashed_at else "handled" if fax.handled_at else ""

    @admin.display(description="pages")
    def pages(self, fax: Fax) -> int | None:
        return fax.document.pages if fax.document else fax.page_count

    @admin.display(description="tags")
    def words(self, fax: Fax) -> str:
        return ", ".join(tag.name for tag in fax.tags.all())

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
