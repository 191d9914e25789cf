"""What the reconciliation did and found, and which parts are alive, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin.base import ReadOnlyAdmin, WordFilter, folded, person
from applications.admin import refresh_each
from faxes.admin.faxes import TONES
from faxes.models import Fax
from faxes.services import refresh
from sync.models import Gap, Heartbeat, SyncRun
from sync.services import request_run
from sync.wording import counts_of, done_of, kind_of, name_of, state_of_gap, state_of_run, took, what_of


class KindFilter(WordFilter):
    column, time_column, theirs = "kind", "started_at", True
    known = SyncRun.Kind.choices


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "sort", "pill", "duration", "numbers", "by", "error"]
    list_filter = [KindFilter]
    list_select_related = ["by"]
    exact = ("id",)
    search_help_text = "The id of the run, in full."
    actions = ["run_again"]
    fieldsets = [
        (None, {"fields": ["sort", "state", "by", "is_baseline", "window_start", "error"]}),
        ("Times", {"fields": ["started_at", "finished_at", "duration", "due_at", "leased_until"]}),
        ("Counts", {"fields": ["numbers", "counted"]}),
        ("Where it is", {"fields": ["place"], "classes": ["collapse"]}),
    ]

    @admin.action(description="Run once more, over the same time")
    def run_again(self, request: HttpRequest, rows: models.QuerySet[SyncRun]) -> None:
        self.for_each(request, rows, lambda run: _again(request, run), done="Under way")

    @admin.display(description="kind")
    def sort(self, run: SyncRun) -> str:
        return kind_of(run)

    @display(description="state", label=TONES)
    def pill(self, run: SyncRun) -> tuple[str, str]:
        state = state_of_run(run)
        return state.tone, state.word

    @admin.display(description="state")
    def state(self, run: SyncRun) -> str:
        return state_of_run(run).word

    @admin.display(description="took")
    def duration(self, run: SyncRun) -> str:
        return took(run)

    @admin.display(description="counted")
    def numbers(self, run: SyncRun) -> str:
        return ", ".join(counts_of(run))

    @admin.display(description="counts")
    def counted(self, run: SyncRun) -> SafeString:
        return folded(run.counts)

    @admin.display(description="cursor")
    def place(self, run: SyncRun) -> SafeString:
        return folded(run.cursor)


class OpenFilter(admin.SimpleListFilter):
    """What is open, of any age: there are few, and an index leads to them."""

    title = "settled"
    parameter_name = "settled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Open"), ("yes", "Settled")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Gap]) -> models.QuerySet[Gap]:
        if self.value() not in ("no", "yes"):
            return queryset
        # With the sides, which the index begins with.
        return queryset.filter(side__in=Gap.Side.values, settled_at__isnull=self.value() == "no")


class SideFilter(WordFilter):
    column, time_column = "side", "found_at"
    known = Gap.Side.choices


class WhatFilter(WordFilter):
    column, time_column, theirs = "what", "found_at", True
    known = [("fax", "fax"), ("status", "status"), ("application", "application"), ("number", "number")]


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin):
    list_display = ["found_at", "side", "thing", "name", "done", "pill", "settled_at"]
    list_filter = [OpenFilter, SideFilter, WhatFilter]
    list_select_related = ["fax__document", "fax__correspondent"]
    exact = ("id", "fax", "run")
    search_help_text = "The id of the gap, of its fax here, or of the run that found it, in full."
    deferred = ("fax__raw",)
    actions = ["ask_telnyx"]
    fieldsets = [
        (None, {"fields": ["side", "thing", "name", "fax", "telnyx_id", "run"]}),
        ("What was done", {"fields": ["done", "outcome", "state", "found_at", "settled_at"]}),
        ("As it read", {"fields": ["told"], "classes": ["collapse"]}),
    ]

    @admin.action(description="Ask Telnyx about its fax")
    def ask_telnyx(self, request: HttpRequest, rows: models.QuerySet[Gap]) -> None:
        faxes = [gap.fax for gap in self.selected(request, rows) if gap.fax is not None and gap.fax.telnyx_id]
        refresh_each(self, request, Fax.objects.filter(pk__in=[fax.pk for fax in faxes]), lambda fax: refresh(fax=fax))

    @admin.display(description="what")
    def thing(self, gap: Gap) -> str:
        return what_of(gap)

    @admin.display(description="of")
    def name(self, gap: Gap) -> str:
        return name_of(gap)

    @admin.display(description="what was done")
    def done(self, gap: Gap) -> str:
        return done_of(gap)

    @display(description="now", label=TONES)
    def pill(self, gap: Gap) -> tuple[str, str]:
        state = state_of_gap(gap)
        return state.tone, state.word

    @admin.display(description="now")
    def state(self, gap: Gap) -> str:
        return state_of_gap(gap).word

    @admin.display(description="data")
    def told(self, gap: Gap) -> SafeString:
        return folded(gap.data)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "at"]
    ordering = ["name"]
    fieldsets = [(None, {"fields": ["name", "at"]})]


def _again(request: HttpRequest, run: SyncRun) -> None:
    if run.kind not in SyncRun.Kind.values:
        raise ValidationError(f"Nobody knows how to make a run of the kind “{run.kind}”.")
    asked = request_run(by=person(request), kind=run.kind, since=run.window_start)
    if asked.window_start and (run.window_start is None or asked.window_start > run.window_start):
        raise ValidationError("A run that does not reach back as far is under way. Ask once more when it is over.")
