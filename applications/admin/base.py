"""What applications and numbers share in the admin: both come from Telnyx, which can be asked about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.base import HouseAdmin, MirrorAdmin, person
from applications.drift import drift_of, drifted, names_of_all
from applications.models import FaxApplication, Mirrored, PhoneNumber
from applications.services import keep_theirs, restore_ours
from applications.written import Writable
from telnyx_api import TelnyxError


def ask_each(
    model_admin: HouseAdmin, request: HttpRequest, rows: QuerySet[Any], ask: Callable[[Any], bool], *, done: str
) -> None:
    """Ask Telnyx for something about every selected row and tell how it went. The first trouble with Telnyx itself ends
    it, because the next question would run into it too, after as long a wait."""

    def tell(sentence: str, level: int = messages.WARNING) -> None:
        model_admin.message_user(request, sentence, level)

    chosen: list[Mirrored] = model_admin.selected(request, rows)
    answered = 0
    for place, row in enumerate(chosen):
        if not row.telnyx_id:
            tell(f"{row}: Telnyx has not given it an id, so it cannot be asked for.")
            continue
        try:
            if ask(row):
                answered += 1
            else:
                tell(f"{row}: Telnyx has it no more. It is marked as gone.")
        except ValidationError as error:
            tell(f"{row}: {' '.join(error.messages)}")
        except (TelnyxError, ValueError) as error:
            tell(f"{row}: Telnyx could not be asked. {error} Of {len(chosen)}, {place} were asked.", messages.ERROR)
            break
    if answered:
        tell(f"{done}: {answered}.", messages.SUCCESS)


def refresh_each(
    model_admin: HouseAdmin, request: HttpRequest, rows: QuerySet[Any], refresh: Callable[[Any], bool]
) -> None:
    """Fetch every selected row anew."""
    ask_each(model_admin, request, rows, refresh, done="Refreshed from Telnyx")


class GoneFilter(admin.SimpleListFilter):
    title = "at Telnyx"
    parameter_name = "gone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Still there"), ("yes", "Gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mirrored]) -> QuerySet[Mirrored]:
        return queryset.filter(gone_at__isnull=self.value() == "no") if self.value() else queryset


class DriftFilter(admin.SimpleListFilter):
    title = "drift"
    parameter_name = "drift"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Differs from what we wrote")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mirrored]) -> QuerySet[Mirrored]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=[each.row.pk for each in drifted(person(request))])


class WrittenAdmin(MirrorAdmin):
    """Rows that we write at Telnyx, where somebody else may write, too. They go to another team by their page in the
    portal, which asks first."""

    @admin.display(description="team")
    def whose(self, row: FaxApplication | PhoneNumber) -> SafeString:
        there = f"{row.get_absolute_url()}#ours"
        return format_html('{} · <a class="underline" href="{}">Give it to another…</a>', row.team or "none", there)

    @admin.display(description="differs")
    def differs(self, row: Writable) -> str:
        found = drift_of(row, names_of_all())
        said = [
            f"{one.label}: ours {one.ours_in_words or 'none'}, theirs {one.theirs_in_words or 'none'}." for one in found
        ]
        return " ".join(said) or "No: what was written by the portal is what Telnyx shows."

    @admin.action(description="Keep what Telnyx has")
    def keep_theirs(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        def keep(row: Writable) -> None:
            keep_theirs(by=person(request), row=row, seals=_seals(row))

        self.for_each(request, rows, keep, done="Kept as Telnyx has it")

    @admin.action(description="Restore at Telnyx what we wrote")
    def restore_ours(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        def restore(row: Writable) -> bool:
            if left := restore_ours(by=person(request), row=row, seals=_seals(row)):
                labels = ", ".join(one.label for one in left)
                raise ValidationError(f"Telnyx took it, and still shows something else: {labels}.")
            return True

        ask_each(self, request, rows, restore, done="Restored at Telnyx")


def _seals(row: Writable) -> list[str]:
    """Of all that differs. Whoever acts on a list has chosen its rows, and not each field."""
    if seals := [one.seal for one in drift_of(row)]:
        return seals
    raise ValidationError("Nothing differs.")
