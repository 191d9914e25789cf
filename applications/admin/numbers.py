"""Phone numbers in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import access
from accounts.admin.base import clock, folded, person
from accounts.models import Role, User
from applications.admin.base import DriftFilter, GoneFilter, WrittenAdmin, refresh_each
from applications.models import PhoneNumber
from applications.services import change_receiving, dismiss_quiet, refresh_number

MOVED_THERE = (
    "A number without a team of its own belongs to the team of its application. Whose it is, and what it is attached "
    "to, is changed on its page in the portal: “View on site”."
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class QuietFilter(admin.SimpleListFilter):
    title = "quiet lines"
    parameter_name = "quiet"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Quiet"), ("unknown", "Quiet, and nobody knows")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PhoneNumber]) -> QuerySet[PhoneNumber]:
        if self.value() not in ("yes", "unknown"):
            return queryset
        quiet = queryset.filter(quiet_since__isnull=False)
        return quiet if self.value() == "yes" else quiet.filter(quiet_dismissed_at=None)


class NumberForm(forms.ModelForm):
    """Offers the people of the number's team, and those who are set though they left it, so that they can be taken off.

    A service decides. What the page showed travels along, so that a field that nobody touched overwrites nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for shown in self.fields.values():
            shown.show_hidden_initial = True
        if "notify" not in self.fields:
            return
        number: PhoneNumber = self.instance
        team = number.owner
        told = number.notify.through.objects.filter(phonenumber=number)
        already = Q(pk=number.default_assignee_id) | Q(pk__in=told.values("user"))
        for name, role in (("default_assignee", Role.MEMBER), ("notify", Role.VIEWER)):
            members = access.people(team, at_least=role) if team else User.objects.none()
            field: Any = self.fields[name]
            field.queryset = User.objects.filter(Q(pk__in=members.values("pk")) | already)
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False


def _dismiss(by: User, number: PhoneNumber) -> None:
    if number.quiet_since is None:
        raise ValidationError("This number is not quiet.")
    dismiss_quiet(by=by, number=number)


@admin.register(PhoneNumber)
class PhoneNumberAdmin(WrittenAdmin):
    form = NumberForm
    list_display = ["phone_number", "label", "team", "status", "connection_id", "quiet_since", "gone_at"]
    list_filter = ["team", ("status", admin.AllValuesFieldListFilter), QuietFilter, GoneFilter, DriftFilter]
    list_select_related = ["team"]
    search_fields = ["phone_number", "label", "telnyx_id"]
    search_help_text = "Number, label or Telnyx's id."
    deferred = ("raw", "usual")
    editable = ("label", "default_assignee", "notify")
    actions = ["refresh", "know_about_silence", "keep_theirs", "restore_ours"]
    fieldsets = [
        (
            "Ours",
            {
                "fields": ["whose", "label"],
                "description": MOVED_THERE,
            },
        ),
        (
            "Faxes that come in",
            {
                "fields": ["default_assignee", "notify"],
                "description": "Only people of the number's team can be chosen.",
            },
        ),
        ("Its rhythm", {"fields": ["rhythm", "silence"]}),
        (
            "Telnyx's",
            {
                "fields": [
                    "phone_number",
                    "telnyx_id",
                    "connection_id",
                    "attached_to",
                    "status",
                    "remote_at",
                    "gone_at",
                    "differs",
                ]
            },
        ),
        ("Last payload", {"fields": ["payload"], "classes": ["collapse"]}),
    ]

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        if not form.changed_data:
            return
        number = PhoneNumber.objects.get(pk=obj.pk)
        receiving = ("label", "default_assignee", "notify")
        changes = {name: form.cleaned_data[name] for name in receiving if name in form.changed_data}
        change_receiving(by=person(request), number=number, changes=changes)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has done it."""

    @admin.display(description="attached to")
    def attached_to(self, number: PhoneNumber) -> SafeString:
        known = number.application or "no fax application that we know"
        there = f"{number.get_absolute_url()}#attach"
        return format_html(
            '{} · <a class="underline" href="{}">Attach it to another…</a>',
            known if number.connection_id else "nothing",
            there,
        )

    @admin.action(description="I know about the silence")
    def know_about_silence(self, request: HttpRequest, rows: QuerySet[PhoneNumber]) -> None:
        self.for_each(request, rows, lambda number: _dismiss(person(request), number), done="Known to be silent")

    @admin.display(description="usual faxes a day")
    def rhythm(self, number: PhoneNumber) -> str:
        """Hours are UTC, so a day is one, too."""
        if len(number.usual) != 24 * len(WEEKDAYS):
            return "Not known: it is learned from several weeks of faxes."
        days = ((day, sum(number.usual[24 * place : 24 * (place + 1)])) for place, day in enumerate(WEEKDAYS))
        return ", ".join(f"{day} {mean:.1f}" for day, mean in days)

    @admin.display(description="quiet since")
    def silence(self, number: PhoneNumber) -> str:
        if number.quiet_since is None:
            return "It is not: faxes come in as usual, or too few are usual to tell."
        known = f" A person has known about it since {clock(number.quiet_dismissed_at)}."
        return f"{clock(number.quiet_since)}.{known if number.quiet_dismissed_at else ''}"

    @admin.action(description="Refresh from Telnyx")
    def refresh(self, request: HttpRequest, rows: QuerySet[PhoneNumber]) -> None:
        refresh_each(self, request, rows, lambda row: refresh_number(number=row))

    @admin.display(description="JSON")
    def payload(self, number: PhoneNumber) -> SafeString:
        return folded(number.raw)
