"""What the admin shows of applications and teams beyond what those know by themselves: self-checks, policies about
numbers and faxes, and invitations with their e-mails."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.admin import TeamAdmin, TeamForm
from accounts.admin.base import ReadOnlyAdmin, clock, person
from accounts.models import Invitation, Team
from applications.admin import FaxApplicationAdmin
from applications.models import FaxApplication
from portal import invitations, selfcheck
from portal.selfcheck.panel import OF_LINE, pill_of
from portal.views.teams.policies import WHO_DELETES, defaults_of, domains_of

# Seconds in which checks on demand are begun: somebody waits for the page.
WHILE_SOMEBODY_WAITS = 20.0
MAIL = (
    "E-mail is read by others on its way. Received faxes may be e-mailed to these domains, a line each; to any with *, "
    "and to none where it is empty."
)


class CheckedApplicationAdmin(FaxApplicationAdmin):
    list_display = [*FaxApplicationAdmin.list_display, "stands"]
    actions = [*FaxApplicationAdmin.actions, "check_now"]
    fieldsets = [
        *FaxApplicationAdmin.fieldsets[:2],
        ("Self-check", {"fields": ["found"]}),
        *FaxApplicationAdmin.fieldsets[2:],
    ]

    @admin.display(description="self-check")
    def stands(self, application: FaxApplication) -> str:
        return pill_of(application).word

    @admin.display(description="last found")
    def found(self, application: FaxApplication) -> SafeString:
        """The lines, the worst first. What one click mends is mended on the application's page, which checks again."""
        lines = [
            (OF_LINE[line.state].word, line.title, clock(line.at), line.why)
            for line in selfcheck.findings_of(application)
        ]
        when = f"Checked {clock(application.checked_at)}." if application.checked_at else "Not checked yet."
        items = format_html_join("", '<li class="mt-2"><strong>{}:</strong> {} {}<br>{}</li>', lines)
        there = f"{application.get_absolute_url()}#check"
        link = format_html('<a class="underline" href="{}">See to it, or check anew, on its page</a>', there)
        return format_html("<p>{} {}</p><ul>{}</ul>", when, link, items)

    @admin.action(description="Check now")
    def check_now(self, request: HttpRequest, rows: QuerySet[FaxApplication]) -> None:
        if not (chosen := self.selected(request, rows)):
            return
        among = FaxApplication.objects.filter(pk__in=[row.pk for row in chosen])
        count = selfcheck.check_all(among=among, within=WHILE_SOMEBODY_WAITS, patience=selfcheck.BRIEFLY)
        if count:
            self.message_user(request, f"Checked: {count}.", messages.SUCCESS)
        if left := len(chosen) - count:
            why = "Telnyx has them no more, or there was no time. Check those that are there once more."
            self.message_user(request, f"Not checked: {left}. {why}", messages.WARNING)


class PolicyForm(TeamForm):
    """With the same choices and rules as the team's own page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (defaults_of(self.instance) | {"deleting_role": WHO_DELETES}).items():
            if name in self.fields:
                field: Any = self.fields[name]
                field.choices = choices

    def clean_mail_domains(self) -> str:
        return domains_of(self.cleaned_data["mail_domains"])


class TeamPolicyAdmin(TeamAdmin):
    form = PolicyForm
    policies = (
        *TeamAdmin.policies,
        "deleting_role",
        "default_number",
        "default_quality",
        "phi_free_mail",
        "mail_domains",
    )
    editable = (*TeamAdmin.editable, *policies)
    fieldsets = [
        *TeamAdmin.fieldsets,
        (
            "Who deletes, and what a new fax begins with",
            {"fields": ["deleting_role", "default_number", "default_quality"]},
        ),
        ("E-mail", {"fields": ["phi_free_mail", "mail_domains"], "description": MAIL}),
    ]

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name not in ("deleting_role", "default_number", "default_quality"):
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        needed = db_field.name == "deleting_role"
        return forms.ChoiceField(label=capfirst(db_field.verbose_name), required=needed, widget=UnfoldAdminSelectWidget)


class OpenFilter(admin.SimpleListFilter):
    title = "whether they are open"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Open")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        return queryset.still_open() if self.value() == "yes" else queryset  # type: ignore[attr-defined]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Managers invite on the page of their team. Nothing here opens an invitation: its secret is kept nowhere."""

    list_display = ["created_at", "email", "team", "role", "invited_by", "stands"]
    list_filter = [OpenFilter, "team"]
    list_select_related = ["team", "invited_by"]
    search_fields = ["email"]
    search_help_text = "An address, or a part of it."
    deferred = ("token_hash",)
    actions = ["take_back"]
    fieldsets = [
        (None, {"fields": ["email", "team", "role", "invited_by", "stands", "trouble"]}),
        ("Times", {"fields": ["created_at", "expires_at", "accepted_at", "accepted_by", "revoked_at"]}),
    ]

    @admin.display(description="stands")
    def stands(self, invitation: Invitation) -> str:
        if invitation.accepted_at:
            return "Accepted"
        if invitation.revoked_at:
            return "Taken back"
        return "Open" if invitation.expires_at > timezone.now() else "Too old"

    @admin.display(description="its e-mail")
    def trouble(self, invitation: Invitation) -> str:
        [(_, trouble)] = invitations.with_troubles([invitation])
        return trouble or "Nothing is known to keep it from arriving."

    @admin.action(description="Take back")
    def take_back(self, request: HttpRequest, rows: QuerySet[Invitation]) -> None:
        self.for_each(
            request,
            rows,
            lambda invitation: invitations.revoke(by=person(request), invitation=invitation),
            done="Taken back",
        )


admin.site.unregister([FaxApplication, Team])
admin.site.register(FaxApplication, CheckedApplicationAdmin)
admin.site.register(Team, TeamPolicyAdmin)
