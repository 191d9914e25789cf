"""E-mails in the admin: to whom, about what, and what became of them. Never what they say: that may open something, or
be a team's alone."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.admin.base import ReadOnlyAdmin, WordFilter, person
from faxes.admin.faxes import TONES
from faxes.wording import BAD, GOOD, UNSURE, WAIT
from notifications.models import Mail
from notifications.outbox import try_again

STATE_TONES: dict[str, str] = {
    Mail.State.WAITING: WAIT,
    Mail.State.SENDING: WAIT,
    Mail.State.SENT: GOOD,
    Mail.State.UNSURE: UNSURE,
    Mail.State.FAILED: BAD,
}


class StateFilter(WordFilter):
    column, time_column = "state", "created_at"
    known = Mail.State.choices


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "how", "to", "subject", "team", "problem"]
    list_filter = [StateFilter]
    list_select_related = ["team"]
    exact = ("id", "fax", "to")
    search_help_text = "An address, or the id of the e-mail or of its fax, in full."
    deferred = ("text",)
    actions = ["send_again"]
    fieldsets = [
        (
            None,
            {"fields": ["state", "problem", "to", "user", "subject", "team", "fax", "with_pages", "with_particulars"]},
        ),
        ("Times", {"fields": ["created_at", "sent_at", "due_at", "leased_until", "tries"]}),
    ]

    @admin.action(description="Send again")
    def send_again(self, request: HttpRequest, rows: QuerySet[Mail]) -> None:
        self.for_each(
            request, rows, lambda mail: try_again(by=person(request), mail=mail), done="Waiting to be sent again"
        )

    @display(description="state", label=TONES)
    def how(self, mail: Mail) -> tuple[str, str]:
        return STATE_TONES.get(mail.state, WAIT), mail.get_state_display()
