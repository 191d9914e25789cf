"""What people say about themselves."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import User

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zones() -> list[tuple[str, Any]]:
    """The zones of the world by area, as a list to choose from; without the names that are only old spellings."""
    names = sorted(available_timezones())
    by_area = [(area, [(name, _city(name)) for name in names if name.startswith(f"{area}/")]) for area in AREAS]
    return [("", "As this browser says"), ("UTC", "UTC"), *by_area]


def _city(name: str) -> str:
    """“America/Indiana/Knox” is Indiana, Knox."""
    return ", ".join(name.split("/")[1:]).replace("_", " ")


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ["first_name", "last_name"]


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        choices=zones,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"invalid_choice": "There is no such time zone. Choose one of the list."},
    )

    class Meta:
        model = User
        fields = ["time_zone", "theme", "keys_on"]
        widgets = {"theme": forms.RadioSelect}
