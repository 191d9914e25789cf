"""The ledger of deliveries in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin.base import ReadOnlyAdmin, WordFilter, folded, person
from webhooks.models import Delivery, Refusal
from webhooks.payload import readable
from webhooks.services import process_again
from webhooks.wording import lag_of


class StateFilter(WordFilter):
    column, time_column = "state", "received_at"
    known = Delivery.State.choices


class EventTypeFilter(WordFilter):
    column, time_column, theirs = "event_type", "received_at", True


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "event_type", "state", "lag", "fax_telnyx_id", "repeats", "tries", "outcome"]
    list_filter = [StateFilter, EventTypeFilter]
    exact = ("id", "event_id", "fax_telnyx_id")
    search_help_text = "The id of the event, or Telnyx's id of the fax, in full."
    deferred = ("body",)
    actions = ["process_again"]
    fieldsets = [
        (None, {"fields": ["event_type", "event_id", "fax", "fax_telnyx_id", "state", "outcome"]}),
        ("Times", {"fields": ["occurred_at", "received_at", "processed_at", "lag", "due_at", "leased_until"]}),
        ("Counts", {"fields": ["attempt", "repeats", "tries"]}),
        ("Body", {"fields": ["payload"], "classes": ["collapse"]}),
    ]

    @admin.action(description="Process again")
    def process_again(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        self.for_each(
            request,
            rows,
            lambda delivery: process_again(by=person(request), delivery=delivery),
            done="Waiting to be processed again",
        )

    @admin.display(description="reached us, applied")
    def lag(self, delivery: Delivery) -> str:
        lag = lag_of(delivery)
        arrived = f"clock {lag.arrived} ahead" if lag.is_ahead else lag.arrived or "not told"
        return f"{arrived} → {lag.applied or ('waiting' if lag.is_open else 'not told')}"

    @admin.display(description="what it said")
    def payload(self, delivery: Delivery) -> SafeString:
        read = readable(bytes(delivery.body))
        return folded(read.pretty or read.raw)


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    """How often somebody who is not Telnyx was at the door."""

    list_display = ["day", "reason", "count", "last_at", "last_address"]
    fieldsets = [(None, {"fields": ["day", "reason", "count", "last_at", "last_address"]})]
