"""The forms of a number's page: what it is called and who sees to it, what it is attached to, and whose it is. The
last of them an application has, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict

from accounts import access
from accounts.models import Role, Team, User
from applications.models import FaxApplication, PhoneNumber


class ReceivingForm(forms.Form):
    """What becomes of faxes to a number. People who are set though they left the team are offered, to be taken off.

    What a page showed travels along, so that a field that nobody touched overwrites nothing.
    """

    label = forms.CharField(
        label="Label",
        max_length=100,
        required=False,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"class": "form-control"}),
        help_text="Shown in place of the number, such as “Front desk” or “Lab results”.",
        error_messages={"max_length": "Enter at most 100 characters."},
    )
    default_assignee = forms.ModelChoiceField(
        label="Who looks after its faxes",
        queryset=User.objects.none(),
        required=False,
        empty_label="Nobody: whoever comes first",
        widget=forms.Select(attrs={"class": "form-select"}),
        show_hidden_initial=True,
        help_text="New faxes are assigned to this person.",
        error_messages={"invalid_choice": "Choose a member of the number's team."},
    )
    notify = forms.ModelMultipleChoiceField(
        label="Who is told of its faxes",
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        show_hidden_initial=True,
        error_messages={"invalid_choice": "Choose people of the number's team."},
    )

    def __init__(self, data: QueryDict | None = None, *, number: PhoneNumber) -> None:
        told = list(number.notify.all())
        now = {"label": number.label, "default_assignee": number.default_assignee_id, "notify": told}
        super().__init__(data, initial=now)
        already = Q(pk=number.default_assignee_id) | Q(pk__in=[person.pk for person in told])
        team = number.owner
        for name, role, beside in (
            ("default_assignee", Role.MEMBER, "cannot act for this team"),
            ("notify", Role.VIEWER, "not of this team"),
        ):
            members = access.people(team, at_least=role) if team else User.objects.none()
            field: Any = self.fields[name]
            people = User.objects.filter(Q(pk__in=members.values("pk")) | already)
            field.queryset = people.order_by("first_name", "last_name", "username")
            field.label_from_instance = _marked(set(members.values_list("pk", flat=True)), beside)

    @property
    def told_as_shown(self) -> str:
        """Who is told, as the page shows it: with boxes that are laid out by hand, it does not come by itself."""
        return self["notify"].as_hidden(only_initial=True)

    @property
    def changes(self) -> dict[str, Any]:
        """What the person changed, of what the page had shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class AttachForm(forms.Form):
    """To which application; only those of teams that the person manages are offered."""

    to = forms.ModelChoiceField(
        queryset=FaxApplication.objects.none(),
        required=False,
        error_messages={"invalid_choice": "Choose one of the listed applications."},
    )

    def __init__(self, data: QueryDict | None = None, *, by: User, number: PhoneNumber) -> None:
        super().__init__(data)
        field: Any = self.fields["to"]
        mine = FaxApplication.objects.visible_to(by, at_least=Role.MANAGER)
        field.queryset = mine.filter(gone_at=None, telnyx_id__isnull=False).select_related("team").defer("raw")
        self.others = [one for one in field.queryset if one.telnyx_id != number.connection_id]


class TeamForm(forms.Form):
    """To which team; to none of its own only where it then belongs to somebody for whom the person may speak."""

    to = forms.ModelChoiceField(
        queryset=Team.objects.none(),
        required=False,
        error_messages={
            "invalid_choice": "Choose one of the listed teams.",
            "required": "Choose a team: without one of its own, this number would belong to nobody.",
        },
    )

    def __init__(self, data: QueryDict | None = None, *, by: User, number: PhoneNumber) -> None:
        super().__init__(data)
        field: Any = self.fields["to"]
        managed = managed_teams(by)
        field.queryset = Team.objects.filter(pk__in=[team.pk for team in managed])
        self.others = [team for team in managed if team.pk != number.team_id]
        application = number.application
        self.inherited = application.team if application else None
        self.may_inherit = number.team_id is not None and access.may(by, self.inherited, at_least=Role.MANAGER)
        field.required = not self.may_inherit


class HeirForm(forms.Form):
    """To which team an application goes, or to none; an administrator chooses among all."""

    to = forms.ModelChoiceField(
        queryset=Team.objects.all(),
        required=False,
        error_messages={"invalid_choice": "Choose one of the listed teams."},
    )

    def __init__(self, data: QueryDict | None = None, *, application: FaxApplication) -> None:
        super().__init__(data)
        self.others = [team for team in Team.objects.all() if team != application.team]


def managed_teams(user: User) -> Sequence[Team]:
    ids = set(access.team_ids(user, at_least=Role.MANAGER))
    return [team for team in access.teams(user) if team.pk in ids]


def _marked(members: Set[int], beside: str) -> Callable[[User], str]:
    return lambda person: str(person) if person.pk in members else f"{person} ({beside})"
