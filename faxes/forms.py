"""The form behind the compose page: what it accepts, in the words of the people who fill it in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Role, User
from applications.models import FaxApplication, PhoneNumber, PhoneNumberQuerySet
from contacts.numbers import format_number
from faxes.recipients import MOST, Recipients, read_recipients

# Telnyx's words and defaults for its options:
# https://developers.telnyx.com/api-reference/programmable-fax-commands/send-a-fax
QUALITY = "high"
QUALITIES = [
    ("normal", "Normal: quickest, for plain print"),
    ("high", "High: right for most pages"),
    ("very_high", "Very high: small print and fine lines"),
    ("ultra_light", "Ultra light: best for pictures, slow"),
    ("ultra_dark", "Ultra dark: best for text, slow"),
]
BLACK_THRESHOLD = 95
DISPLAY_NAME = RegexValidator(
    r"^[A-Za-z0-9 _~!.+-]*\Z", "The display name may hold letters (A to Z), digits, spaces and - _ ~ ! . + only."
)


def numbers_to_send_from(user: User) -> PhoneNumberQuerySet:
    """The numbers this person may send from, each with the name of the team it sends for as `owner_name`."""
    application = FaxApplication.objects.filter(telnyx_id=OuterRef("connection_id"))
    owner = Coalesce("team__name", Subquery(application.values("team__name")[:1]))
    return PhoneNumber.objects.sendable().visible_to(user, at_least=Role.MEMBER).annotate(owner_name=owner)


class NumberField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django takes none at run time
    def label_from_instance(self, number: PhoneNumber) -> str:
        shown = format_number(number.phone_number)
        return f"{shown} · {number.label or number.owner_name}"  # type: ignore[attr-defined]  # annotated above


class DocumentIdsField(forms.Field):
    """The files as the page showed them, in their order: only these are sent."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Iterable[str] | None) -> list[UUID]:
        try:
            return [UUID(item) for item in value or []]
        except ValueError as error:
            raise ValidationError("The list of files cannot be read. Reload the page.") from error


class ComposeForm(forms.Form):
    number = NumberField(
        label="From",
        queryset=PhoneNumber.objects.none(),
        empty_label=None,
        error_messages={
            "required": "Choose the number to send from.",
            "invalid_choice": "That number cannot send for you any more. Choose another one.",
        },
    )
    recipients = forms.CharField(
        label="To",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Add at least one fax number to send to."},
    )
    documents = DocumentIdsField(error_messages={"required": "Add at least one file to send."})
    quality = forms.ChoiceField(
        choices=QUALITIES,
        required=False,
        initial=QUALITY,
        error_messages={"invalid_choice": "Choose one of the listed qualities."},
    )
    monochrome = forms.BooleanField(label="True black and white", required=False)
    black_threshold = forms.IntegerField(
        required=False,
        initial=BLACK_THRESHOLD,
        min_value=1,
        max_value=100,
        error_messages={
            "invalid": "Type a whole number from 1 to 100.",
            "min_value": "Type a whole number from 1 to 100.",
            "max_value": "Type a whole number from 1 to 100.",
        },
    )
    from_display_name = forms.CharField(
        label="Display name",
        required=False,
        max_length=128,
        validators=[DISPLAY_NAME],
        error_messages={"max_length": "The display name has %(show_value)d characters; at most 128 are allowed."},
    )
    without_t38 = forms.BooleanField(label="Send without T.38", required=False)

    field_order = ["documents", "number", "recipients"]
    read: Recipients = Recipients()

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        number = self.fields["number"]
        assert isinstance(number, NumberField)
        number.queryset = numbers_to_send_from(by)

    def clean_recipients(self) -> list[str]:
        """The numbers in E.164. The list entry by entry stays in `read`, for the page to show."""
        number: PhoneNumber | None = self.cleaned_data.get("number")
        self.read = read_recipients(
            self.cleaned_data["recipients"],
            sender=number.phone_number if number else "",
            team=number.owner if number else None,
        )
        if self.read.errors:
            raise ValidationError(self.read.errors)
        if len(self.read.numbers) > MOST:
            raise ValidationError(
                f"A fax goes to at most {MOST} numbers at once, and these are {len(self.read.numbers)}. "
                "Send it in parts."
            )
        return self.read.numbers

    def clean(self) -> None:
        # Telnyx reads the threshold with `monochrome` only, so nobody is asked to mend it otherwise.
        if not self.cleaned_data.get("monochrome"):
            self.errors.pop("black_threshold", None)

    @property
    def listed(self) -> str:
        """The text of the list: as it was read, or as it was typed where it could not be read."""
        return "\n".join(entry.line for entry in self.read.entries) or self["recipients"].value() or ""

    @property
    def options(self) -> dict[str, Any]:
        """What is said to Telnyx: only what differs from its own defaults. The keys are `Client.send_fax()`'s."""
        chosen = self.cleaned_data.get
        threshold = chosen("black_threshold") if chosen("monochrome") else None
        options = {
            "quality": chosen("quality") if chosen("quality") != QUALITY else None,
            "monochrome": chosen("monochrome"),
            "black_threshold": threshold if threshold != BLACK_THRESHOLD else None,
            "from_display_name": chosen("from_display_name"),
        }
        said = {name: value for name, value in options.items() if value}
        return said | {"t38_enabled": False} if chosen("without_t38") else said

    @property
    def shows_options(self) -> bool:
        """Has anything been chosen among the options, or is anything there to mend?"""
        return self.is_bound and bool(self.errors.keys() & OPTIONS or self.options)


OPTIONS = {"quality", "monochrome", "black_threshold", "from_display_name", "without_t38"}
