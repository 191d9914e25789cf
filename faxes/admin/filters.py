"""What faxes in the admin can be narrowed to. Each answer comes from an index, or from the last thirty days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.base import WordFilter
from faxes.models import Fax
from faxes.states import RANK, Direction, Media, Outbox


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


class TriageFilter(admin.SimpleListFilter):
    """What has become of the faxes that came in during the last thirty days."""

    title = "triage, last 30 days"
    parameter_name = "triage"
    kinds = {
        "open": ("Open", Q(handled_at=None, trashed_at=None)),
        "nobody": ("Open and nobody's", Q(handled_at=None, trashed_at=None, assigned_to=None)),
        "assigned": ("Assigned", Q(assigned_to__isnull=False)),
        "handled": ("Handled", Q(handled_at__isnull=False)),
        "bin": ("In the bin", Q(trashed_at__isnull=False)),
        "hold": ("On legal hold", Q(legal_hold=True)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, words) for kind, (words, _) in self.kinds.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fax]) -> QuerySet[Fax]:
        if (kind := self.value()) not in self.kinds:
            return queryset
        since = timezone.now() - timedelta(days=30)
        return queryset.filter(self.kinds[kind][1], direction=Direction.INBOUND, created_at__gte=since)


class StatusFilter(WordFilter):
    column, time_column, theirs = "status", "created_at", True
    known = [(word, word) for word in [*RANK, "delivered", "received", "failed"]]


class OutboxFilter(WordFilter):
    column, time_column = "outbox", "created_at"
    known = Outbox.choices


class MediaFilter(WordFilter):
    column, time_column = "media", "created_at"
    known = Media.choices
