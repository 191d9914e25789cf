"""What every list and form of the admin has in common.

Lists stay fast however many rows there are: they come in the order of an index, are counted to a thousand and no
further, leave large columns out, and are searched by what an index finds. Forms change what a service changes, and
nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from accounts.models import User
from accounts.payload import as_text, without_links

# As many rows as a page shows: what an action does to each of them takes a while, and is told row by row.
MOST_SELECTED = 50
SEEN_LATELY = 1000


class BoundedPaginator(Paginator):
    """Counts to a thousand: beyond that people search, and counting takes longer than everything else on the page."""

    MOST = 1000
    template_name = "admin/bounded_pagination.html"

    @cached_property
    def _found(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.MOST + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._found, self.MOST)

    @property
    def has_more(self) -> bool:
        return self._found > self.MOST


class HouseAdmin(ModelAdmin):
    """Nothing is deleted here, and only what `editable` names can be changed."""

    list_per_page = MOST_SELECTED
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator: Any = BoundedPaginator
    sortable_by: Any = ()
    list_fullwidth = True
    # Large columns, not fetched with a row.
    deferred: ClassVar[tuple[str, ...]] = ()
    editable: ClassVar[tuple[str, ...]] = ()
    # Columns with an index, in which a search looks for the very text.
    exact: ClassVar[tuple[str, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.defer(*self.deferred)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        # No id holds NUL, and PostgreSQL takes none as a parameter.
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return [name for name in flatten_fieldsets(self.get_fieldsets(request, obj)) if name not in self.editable]

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        return self.search_fields or self.exact

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        if self.exact and search_term:
            return queryset.filter(matching(self.model, self.exact, search_term.strip())), False
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
        return found

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if any("\x00" in value for value in request.GET.values()):
            return redirect(request.path)
        page = super().changelist_view
        return self._or_refused(request, lambda: page(request, extra_context))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        page = super().changeform_view
        return self._or_refused(request, lambda: page(request, object_id, form_url, extra_context))

    def _or_refused(self, request: HttpRequest, page: Callable[[], HttpResponse]) -> HttpResponse:
        """The page; or, where a service refused what was asked, the same address again with its sentence."""
        try:
            return page()
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return redirect(request.path)

    def selected(self, request: HttpRequest, rows: models.QuerySet[Any]) -> list[Any]:
        """The rows an action is about; none, and a message, where they are more than one page."""
        chosen = list(rows[: MOST_SELECTED + 1])
        if len(chosen) <= MOST_SELECTED:
            return chosen
        self.message_user(request, f"Choose at most {MOST_SELECTED} at a time. Nothing was done.", messages.ERROR)
        return []

    def for_each(
        self, request: HttpRequest, rows: models.QuerySet[Any], act: Callable[[Any], object], *, done: str
    ) -> None:
        """Call a service for every selected row. What it refuses is told row by row, in its own words."""
        count = 0
        for row in self.selected(request, rows):
            try:
                act(row)
            except ValidationError as error:
                self.message_user(request, f"{row}: {' '.join(error.messages)}", messages.WARNING)
            else:
                count += 1
        if count:
            self.message_user(request, f"{done}: {count}.", messages.SUCCESS)


class MirrorAdmin(HouseAdmin):
    """Rows that come from Telnyx or from what happens, and not from a form."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class ReadOnlyAdmin(MirrorAdmin):
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    extra = 0
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WordFilter(admin.SimpleListFilter):
    """Rows of the last thirty days with a certain word in a column.

    The bound keeps a rare word from being looked for in every row there is. Where the words are Telnyx's, those that we
    do not know are offered once they have been seen.
    """

    column: ClassVar[str]
    time_column: ClassVar[str]
    known: ClassVar[Sequence[tuple[str, str]]] = ()
    theirs: ClassVar[bool] = False
    days: ClassVar[int] = 30

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        self.parameter_name = self.column
        self.title = f"{model._meta.get_field(self.column).verbose_name}, last {self.days} days"
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if not self.theirs:
            return list(self.known)
        newest = model_admin.model._default_manager.order_by(f"-{self.time_column}", "-id")
        seen = set(newest.values_list(self.column, flat=True)[:SEEN_LATELY])
        unknown = sorted(seen - {word for word, _ in self.known} - {""})
        return [*self.known, *((word, word) for word in unknown)]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() is None:
            return queryset
        since = timezone.now() - timedelta(days=self.days)
        return queryset.filter(**{self.column: self.value(), f"{self.time_column}__gte": since})


def person(request: HttpRequest) -> User:
    """Who asks. The admin's door has made sure that somebody does."""
    return cast(User, request.user)


def matching(model: type[models.Model], columns: Sequence[str], term: str) -> models.Q:
    """Rows in which one of the columns is the term; none where no column can be."""
    found = models.Q(pk__in=[])
    for column in columns:
        field: Any = model._meta.get_field(column)
        try:
            value = field.to_python(term)
        except ValidationError:
            continue
        found |= models.Q(**{column: value})
    return found


def clock(moment: datetime | None) -> str:
    """A time as the reader's clock shows it; empty where there is none."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""


def facts(value: Mapping[str, Any]) -> str:
    """A few facts on one line, such as “pages: 3, bytes: 12345”."""
    said = without_links(value).items()
    return ", ".join(f"{name}: {fact if isinstance(fact, str) else json.dumps(fact)}" for name, fact in said)


def folded(value: Any) -> SafeString:
    """JSON or text to be read, whatever is in it. A long one scrolls by itself."""
    return format_html('<pre class="payload">{}</pre>', value if isinstance(value, str) else as_text(value))
