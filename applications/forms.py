"""The forms of a fax application: what may be typed, and what of it was changed.

What Telnyx has is never complained about and never lost: a field that nobody touched keeps its value, whatever it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import forms
from django.core import signing
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import RegexValidator
from django.http import QueryDict

from accounts import access
from accounts.models import Role, Team, User
from applications.fields import (
    ANCHOR_SITES,
    FROM_ANYONE,
    LABELS,
    LATENCY,
    ON_CREATE,
    WORDS,
    WRITABLE,
    in_words,
    our_door,
    tags_of,
    values_of,
)
from applications.models import FaxApplication, PendingApplication
from applications.profiles import Profiles

SALT = "applications.shown"
PROFILE = "outbound_voice_profile_id"
UNREADABLE = "This page was too old to be saved. What you typed is still here: look it over, and save it again."
SUBDOMAIN = RegexValidator(r"^[A-Za-z0-9-]{1,63}\Z", "Use letters, digits and hyphens, 63 at most.")
# The fields whose words are chosen and not typed: each has its own way between a value and its word.
ACTIVE = {True: "yes", False: "no", None: ""}


class TagsField(forms.CharField):
    """A tag a line, because a tag may hold a comma."""

    widget = forms.Textarea(attrs={"rows": 3})

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


class ActiveField(forms.ChoiceField):
    def clean(self, value: Any) -> bool | None:
        word = super().clean(value)
        return {said: value for value, said in ACTIVE.items()}[word]


class WholeField(forms.IntegerField):
    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        sentence = f"Type a whole number from {low} to {high:,}, or leave it empty."
        words = dict.fromkeys(("invalid", "min_value", "max_value"), sentence)
        super().__init__(min_value=low, max_value=high, required=False, error_messages=words, **kwargs)


class WebField(forms.URLField):
    default_error_messages = {"invalid": "Type a whole address, such as https://fax.example.com/webhooks/telnyx"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", max_length=2000, **kwargs)


@dataclass(frozen=True)
class Group:
    """Fields that belong together; `title` is empty for the everyday ones, which are never folded away."""

    title: str
    hint: str
    fields: Sequence[forms.BoundField]
    is_open: bool = True


class FieldsForm(forms.Form):
    """Every field that Telnyx takes on create and update. `shown` are the values that the person was shown."""

    data: QueryDict

    application_name = forms.CharField(
        max_length=255, error_messages={"required": "Give the application a name."}, help_text="What people call it."
    )
    active = ActiveField(
        choices=[("yes", "Active: faxes come in and go out"), ("no", "Inactive: faxes neither come in nor go out")],
    )
    outbound_voice_profile_id = forms.CharField(
        required=False,
        max_length=255,
        widget=forms.Select,
        help_text="Pays for outgoing calls, and says to which countries they may go. Made in Telnyx's own portal.",
    )
    tags = TagsField(required=False, help_text="One a line. To sort applications by, here and at Telnyx.")
    webhook_event_url = WebField(
        error_messages={"required": "Telnyx must be told where to report."},
        help_text="Where Telnyx reports what becomes of each fax. With any other address than this portal's, it hears "
        "of received faxes late or not at all.",
    )
    webhook_event_failover_url = WebField(
        required=False,
        help_text="Where Telnyx turns when the first address does not answer. Another way to this portal.",
    )
    webhook_timeout_secs = WholeField(
        0, 30, help_text="Seconds, from 0 to 30, that Telnyx waits for an answer. Empty leaves it to Telnyx."
    )
    inbound_channel_limit = WholeField(
        1, 1_000_000, help_text="How many faxes may come in at the same time. Empty sets no limit here."
    )
    outbound_channel_limit = WholeField(
        1, 1_000_000, help_text="How many faxes may go out at the same time. Empty sets no limit here."
    )
    inbound_sip_subdomain = forms.CharField(
        required=False,
        max_length=255,
        validators=[SUBDOMAIN],
        help_text="With “desk”, machines on the internet reach it at desk.sip.telnyx.com. Most offices need none.",
    )
    inbound_sip_subdomain_receive_settings = forms.ChoiceField(
        required=False, help_text="Matters only with a SIP subdomain."
    )
    anchorsite_override = forms.ChoiceField(required=False, help_text="Through which of Telnyx's places calls travel.")

    delete_once_archived = forms.BooleanField(
        required=False,
        label="Delete received faxes at Telnyx once their pages are safe here",
        help_text="Then Telnyx keeps no copy. Should the storage here be lost, only a backup of it has the pages.",
    )

    shown: Mapping[str, Any] = {}
    groups_of: Sequence[tuple[str, str, Sequence[str]]] = (
        ("", "", ("application_name", "team", "active", "outbound_voice_profile_id", "fax_email_recipient", "tags")),
        (
            "Where Telnyx reports",
            "This portal's own address is right for nearly everybody.",
            ("webhook_event_url", "webhook_event_failover_url", "webhook_timeout_secs"),
        ),
        (
            "Calls",
            "Limits and ways of reaching Telnyx that few offices need.",
            (
                "inbound_channel_limit",
                "outbound_channel_limit",
                "inbound_sip_subdomain",
                "inbound_sip_subdomain_receive_settings",
                "anchorsite_override",
            ),
        ),
        ("Copies at Telnyx", "", ("delete_once_archived",)),
    )

    def __init__(self, *args: Any, profiles: Profiles, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.profiles = profiles
        for name, field in self.fields.items():
            field.label = field.label or LABELS.get(name)
            _dress(field)
        self._offer("anchorsite_override", ANCHOR_SITES)
        self._offer("inbound_sip_subdomain_receive_settings", WORDS["inbound_sip_subdomain_receive_settings"])
        self._field(PROFILE).widget.choices = lambda: self.profiles.choices

    @property
    def groups(self) -> list[Group]:
        groups = []
        for title, hint, names in self.groups_of:
            fields = [self[name] for name in names if name in self.fields]
            is_open = not title or any(field.errors for field in fields)
            groups.append(Group(title, hint, fields, is_open))
        return groups

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, by column."""
        return {column: self.cleaned_data[column] for column in WRITABLE if column in self.cleaned_data}

    def refuse(self, problems: Mapping[str, Sequence[str]]) -> None:
        """Say what a service or Telnyx said, beside the field where there is one."""
        for name, sentences in problems.items():
            if name in self.fields:
                self.add_error(name, list(sentences))
            else:
                words = [
                    sentence if name == NON_FIELD_ERRORS else f"{LABELS.get(name, name)}: {sentence}"
                    for sentence in sentences
                ]
                self.add_error(None, words)

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def _offer(self, name: str, words: Any) -> None:
        """The words that we know, and the present one where it is another."""
        present = str(self.shown.get(name) or "")
        offered = [word for word in words]
        if self.shown and present not in offered:
            offered.insert(0, present)
        self._field(name).choices = [(word, in_words(name, word) or "Telnyx has not said") for word in offered]


class CreateForm(FieldsForm):
    """`token` makes one application of a form that is sent twice."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    team = forms.ModelChoiceField(queryset=Team.objects.none(), help_text="Who sends and receives through it.")

    def __init__(self, data: QueryDict | None = None, *, by: User, initial: Mapping[str, Any] | None = None) -> None:
        profiles = Profiles(_posted(data))
        first = {
            "token": uuid4(),
            "active": ACTIVE[True],
            "webhook_event_url": our_door(),
            "anchorsite_override": LATENCY,
            "inbound_sip_subdomain_receive_settings": FROM_ANYONE,
            PROFILE: lambda: profiles.only,
        }
        super().__init__(data, profiles=profiles, initial={**first, **(initial or {})})
        team = self._field("team")
        team.queryset = Team.objects.filter(pk__in=access.team_ids(by, at_least=Role.MANAGER))
        team.required = not access.is_admin(by)
        team.empty_label = "No team yet: administrators only" if access.is_admin(by) else None

    def renewed(self) -> CreateForm:
        """Nothing was made of this one: the same once more, as a new form."""
        data = self.data.copy()
        data["token"] = str(uuid4())
        self.data = data
        return self


class EditForm(FieldsForm):
    """`seal` holds the values that were shown, so that what somebody changed meanwhile is seen."""

    seal = forms.CharField(widget=forms.HiddenInput, required=False)
    fax_email_recipient = forms.EmailField(
        required=False,
        max_length=255,
        error_messages={"invalid": "Type one e-mail address."},
        help_text="Telnyx mails each received fax there, with its pages. It takes this address and never shows it "
        "again, so here is what this portal set last.",
    )

    def __init__(self, data: QueryDict | None = None, *, application: FaxApplication) -> None:
        self.application = application
        current = values_of(application)
        opened = None if data is None else unsealed(str(data.get("seal", "")), application)
        self.is_readable = data is None or opened is not None
        self.shown = opened or current
        if data is not None and opened is None:
            data = data.copy()
            data["seal"] = sealed(current, application)
        present = [str(values[PROFILE]) for values in (self.shown, current)]
        initial = typed(self.shown) | {"seal": sealed(self.shown, application)}
        super().__init__(data, profiles=Profiles(*present, _posted(data)), initial=initial)
        active = self._field("active")
        if self.shown["active"] is None:
            active.choices = [(ACTIVE[None], "Telnyx has not said"), *active.choices]
            active.required = False

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]  # Django's hook, which its types leave out
        for column in WRITABLE:
            if column in self.fields and self._is_untouched(column):
                self.errors.pop(column, None)
                self.cleaned_data[column] = self.shown[column]

    def clean(self) -> None:
        if not self.is_readable:
            raise ValidationError(UNREADABLE)

    def _is_untouched(self, column: str) -> bool:
        posted = str(self.data.get(self.add_prefix(column), ""))
        return _plain(posted) == _plain(str(typed(self.shown)[column]))

    def merged(self, now: FaxApplication) -> EditForm:
        """The same form over what holds by now: what the person did not touch takes the new value, what they typed
        stays. Saved again, it knows what it overwrites."""
        mine, values = self.changes, values_of(now)
        data = self.data.copy()
        for column, said in typed(values).items():
            if column in self.fields and column not in mine:
                data[column] = ("on" if said else "") if isinstance(said, bool) else str(said)
        # What is as they typed it by now stays a change of theirs: it may be one whose answer was lost.
        as_typed = [column for column, value in mine.items() if value == values[column]]
        data["seal"] = sealed(values | {column: self.shown[column] for column in as_typed}, now)
        return EditForm(data, application=now)

    @property
    def changes(self) -> dict[str, Any]:
        """What the person changed, by column, as `update_application()` takes it."""
        changes = {column: value for column, value in self.values.items() if value != self.shown[column]}
        if self.cleaned_data["delete_once_archived"] != self.shown["delete_once_archived"]:
            changes["delete_once_archived"] = self.cleaned_data["delete_once_archived"]
        return changes


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by column as a form shows them."""
    said = {column: "" if value is None else value for column, value in values.items()}
    return said | {"active": ACTIVE[values["active"]], "tags": "\n".join(tags_of(values["tags"]))}


def _posted(data: QueryDict | None) -> str:
    """The profile that was chosen: it stays to be chosen, listed or not."""
    return str(data.get(PROFILE, ""))[:255] if data else ""


def _plain(text: str) -> str:
    """A text as it is before browsers set line ends of their own, and without what Django strips."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def typed_anew(wish: PendingApplication) -> dict[str, Any]:
    """What was asked for before, as a new form shows it."""
    said = typed({column: wish.fields.get(column) for column in ON_CREATE})
    return said | {"team": wish.team_id, "delete_once_archived": wish.fields.get("delete_once_archived", False)}


def sealed(values: Mapping[str, Any], application: FaxApplication) -> str:
    return signing.dumps({"of": str(application.pk), "values": dict(values)}, salt=SALT, compress=True)


def unsealed(seal: str, application: FaxApplication) -> dict[str, Any] | None:
    """The values that a form of this application was made with; None where it was not ours, or another one's."""
    try:
        opened = signing.loads(seal, salt=SALT)
    except signing.BadSignature:
        return None
    values: dict[str, Any] = opened["values"]
    is_whole = opened["of"] == str(application.pk) and values.keys() == values_of(application).keys()
    return values if is_whole else None


def _dress(field: forms.Field) -> None:
    """Bootstrap's class for its kind."""
    widget = field.widget
    kind = "form-select" if isinstance(widget, forms.Select) else "form-control"
    widget.attrs["class"] = "form-check-input" if isinstance(widget, forms.CheckboxInput) else kind
