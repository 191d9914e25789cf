"""What applications and numbers share in the admin: both come from Telnyx, which can be asked about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.base import HouseAdmin
from applications.models import Mirrored
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
