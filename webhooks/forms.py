"""The form that lets the sandbox send us a fax."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Role, User
from applications.models import PhoneNumber
from contacts.numbers import format_number, parse_number
from faxes.reasons import INBOUND

FLAVOURS = [
    ("received", "Webhooks, the last one fax.received"),
    ("delivered", "Webhooks, the last one fax.delivered"),
    ("listed", "No webhook: only a sync finds it"),
]
MOST_PAGES = 350


class LineField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django takes none at run time
    def label_from_instance(self, number: PhoneNumber) -> str:
        return " · ".join(filter(None, [format_number(number.phone_number), number.label]))


class SimulateForm(forms.Form):
    """`cleaned_data` has the words of the sandbox's own door."""

    to = LineField(PhoneNumber.objects.none(), label="To", empty_label=None)
    sender = forms.CharField(label="From", initial="+1 312 555 0199", max_length=40)
    pages = forms.IntegerField(label="Pages", initial=2, min_value=1, max_value=MOST_PAGES)
    flavour = forms.ChoiceField(label="Telnyx tells of it by", choices=FLAVOURS)
    fail = forms.ChoiceField(
        label="How it ends",
        required=False,
        choices=[("", "All pages arrive"), *((name, f"{reason.word} ({name})") for name, reason in INBOUND.items())],
    )
    tiff = forms.BooleanField(label="A TIFF, as phone companies send it, and not a PDF", required=False)
    partial = forms.BooleanField(label="Where it fails, the pages before that are kept", required=False)

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        lines = PhoneNumber.objects.visible_to(user, at_least=Role.MANAGER).filter(gone_at=None)
        field = self.fields["to"]
        assert isinstance(field, LineField)
        field.queryset = lines.exclude(connection_id="")

    @property
    def has_lines(self) -> bool:
        field = self.fields["to"]
        return isinstance(field, LineField) and field.queryset is not None and field.queryset.exists()

    def clean_sender(self) -> str:
        return parse_number(self.cleaned_data["sender"])

    def clean(self) -> None:
        to, sender = self.cleaned_data.get("to"), self.cleaned_data.get("sender")
        if to and to.phone_number == sender:
            raise ValidationError({"sender": "A fax comes from another number than the one it goes to."})
