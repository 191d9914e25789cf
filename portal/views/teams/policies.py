"""What is a team's own to decide."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.guards import for_people, prove_first
from accounts.models import Role, Team, User
from accounts.services import locked, set_policy, set_retention
from applications.models import PhoneNumber
from contacts.numbers import format_number
from faxes.forms import QUALITIES
from portal.views.teams.sections import fetch, show

DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
MOST_DOMAINS = 50
WHO_DELETES = [(Role.MEMBER, "Members and managers"), (Role.MANAGER, "Managers alone")]


class PolicyForm(forms.Form):
    """What a page showed travels along, so that a field that nobody touched overwrites nothing."""

    keep_media_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=36_500,
        label="Days to keep pages",
        help_text="So many days after a fax its pages are deleted for good. Empty: they are kept.",
    )
    keep_records_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=36_500,
        label="Days to keep records",
        help_text="So many days after a fax everything is deleted, its numbers and notes, too. Empty: it is kept. "
        "The audit log keeps from and to which number a fax went, for good.",
    )
    deleting_role = forms.ChoiceField(
        choices=WHO_DELETES,
        label="Who may put faxes into the bin",
    )
    default_number = forms.ChoiceField(required=False, label="Number that a new fax begins with")
    default_quality = forms.ChoiceField(required=False, label="Quality that a new fax begins with")
    particulars = forms.BooleanField(
        required=False,
        label="E-mails may name senders and numbers",
        help_text="Without it they say that a fax came, and lead here. E-mail is read by others on its way.",
    )
    mfa_required = forms.BooleanField(
        required=False,
        label="Members need a second factor",
        help_text="Who has none sets up a passkey or an authenticator app before seeing anything more.",
    )
    mail_domains = forms.CharField(
        required=False,
        max_length=5000,
        label="Received faxes may be e-mailed to",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "clinic.example", "spellcheck": "false"}),
        help_text="A domain a line, or * for any address. Empty: faxes are not e-mailed at all.",
    )

    def __init__(self, data: QueryDict | None = None, *, team: Team) -> None:
        super().__init__(data, initial=_as_is(team))
        for field in self.fields.values():
            field.show_hidden_initial = True
        for name, choices in defaults_of(team).items():
            offered: Any = self.fields[name]
            offered.choices = choices

    def clean_mail_domains(self) -> str:
        return domains_of(self.cleaned_data["mail_domains"])


def domains_of(text: str) -> str:
    """The domains, a line each. Raises ValidationError for what is none."""
    words = dict.fromkeys(text.lower().replace(",", " ").split())
    domains = [word.removeprefix("@") for word in words]
    if len(domains) > MOST_DOMAINS:
        raise ValidationError(f"That are more than {MOST_DOMAINS} domains. Enter * where any address is fine.")
    for domain in domains:
        if domain != "*" and not DOMAIN.fullmatch(domain):
            raise ValidationError(f"“{domain}” is no domain. Enter it like clinic.example, without a name before it.")
    return "\n".join(domains)


def defaults_of(team: Team) -> dict[str, list[tuple[str, str]]]:
    """What a new fax of the team may begin with, by column; what is set now stays, though it is offered no more."""
    return {
        "default_number": _choices("Whichever comes first", _numbers(team), team.default_number),
        "default_quality": _choices("As Telnyx does", dict(QUALITIES), team.default_quality),
    }


def _choices(nothing: str, choices: dict[str, str], now: str) -> list[tuple[str, str]]:
    return [("", nothing), *choices.items()] + ([] if now in ("", *choices) else [(now, now)])


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def policies(request: HttpRequest, user: User, team_slug: str) -> HttpResponse:
    team = fetch(user, team_slug)
    if request.method == "POST":
        access.require(user, team, at_least=Role.MANAGER)
        if (elsewhere := prove_first(request, user)) is not None:
            return elsewhere
        form = PolicyForm(request.POST, team=team)
        if form.is_valid() and _saved(user, team, form):
            messages.success(request, "The policies are saved. They hold from now on.")
            return redirect("portal:team_policies", team.slug)
    else:
        form = PolicyForm(team=team)
    return show(request, user, team, "policies", form=form)


def _as_is(team: Team) -> dict[str, Any]:
    return {name: getattr(team, name) for name in PolicyForm.base_fields if name != "particulars"} | {
        "particulars": not team.phi_free_mail
    }


def _saved(user: User, team: Team, form: PolicyForm) -> bool:
    """What somebody changed, all of it or nothing, and the rest as it is by now. What a service refuses is told at its
    field."""
    said = {name: form.cleaned_data[name] for name in form.changed_data}
    if "particulars" in said:
        said["phi_free_mail"] = not said.pop("particulars")
    try:
        with transaction.atomic():
            now = locked(team)
            days = {name: said.pop(name, getattr(now, name)) for name in ("keep_media_days", "keep_records_days")}
            set_retention(by=user, team=team, **days)
            set_policy(by=user, team=team, **said)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _numbers(team: Team) -> dict[str, str]:
    """The numbers that send for the team."""
    numbers = [number for number in PhoneNumber.objects.sendable().select_related("team") if number.owner == team]
    return {number.phone_number: number.label or format_number(number.phone_number) for number in numbers}
