"""Fax numbers: from what people type to E.164 and back to what people read."""

from __future__ import annotations

import phonenumbers
from django.core.exceptions import ValidationError

DEFAULT_REGION = "US"


def parse_number(text: str, *, near: str = "") -> str:
    """The number in E.164. `near` is a number of ours: what is typed without a country is taken to be in its country.

    Raises ValidationError with a sentence that repeats what was typed and says what to do.
    """
    shown = " ".join(text.split())[:40]
    try:
        number = phonenumbers.parse(text, region_of(near))
    except phonenumbers.NumberParseException as error:
        raise ValidationError(
            f"“{shown}” is not a fax number. Type it with its area code, or as +1 312 555 0100."
        ) from error
    if number.extension:
        raise ValidationError(f"“{shown}” has an extension. A fax cannot dial one: type the fax line's own number.")
    # Not `is_possible_number()`, which is content with a number that lacks its area code.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValidationError(f"“{shown}” has too few or too many digits. Check it, or type it as +1 312 555 0100.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def format_number(number: str) -> str:
    """A number as people read it, such as “+1 312 579 0015”; what is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown.replace("-", " ") if parsed.country_code == 1 else shown


def region_of(number: str) -> str:
    return country_of(number) or DEFAULT_REGION


def country_of(number: str) -> str:
    """The country of a number in E.164, such as US; empty for a number of no country, and for what is no number."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return ""
    return region if region and region.isalpha() else ""
