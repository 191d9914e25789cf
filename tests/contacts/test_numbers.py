"""What people type as a fax number, and what is dialled for it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from contacts.numbers import country_of, format_number, parse_number

OURS = "+13125790015"


@pytest.mark.parametrize(
    "typed",
    [
        "312 555 0142",
        "(312) 555-0142",
        "1-312-555-0142",
        "+1 312.555.0142",
        "tel:+13125550142",
        "（312）５５５０１４２",
    ],
)
def test_many_spellings_are_one_number(typed):
    assert parse_number(typed, near=OURS) == "+13125550142"


def test_a_number_without_country_is_taken_to_be_in_the_senders_country():
    assert parse_number("020 7946 0018", near="+442079460000") == "+442079460018"
    assert parse_number("011 44 20 7946 0018", near=OURS) == "+442079460018"


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ("Lakeview Imaging", "not a fax number"),
        ("sip:fax@example.com", "not a fax number"),
        ("911", "too few or too many digits"),
        ("+1 312 555 01425", "too few or too many digits"),
        ("312 555 0142 x5", "has an extension"),
    ],
)
def test_what_cannot_be_dialled_is_refused_by_name(typed, because):
    with pytest.raises(ValidationError) as refusal:
        parse_number(typed, near=OURS)
    assert typed in refusal.value.message and because in refusal.value.message


def test_a_number_without_its_area_code_is_refused():
    """Dialled as it is, it would reach a stranger."""
    with pytest.raises(ValidationError, match="too few or too many digits"):
        parse_number("555-0142", near=OURS)


def test_numbers_are_shown_as_people_read_them():
    assert format_number("+13125550142") == "+1 312 555 0142"
    assert format_number("+442079460018") == "+44 20 7946 0018"
    assert format_number("sip:fax@example.com") == "sip:fax@example.com"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+13125550142", "US"),
        ("+18765550123", "JM"),
        ("+442079460018", "GB"),
        # A service of no country, a number that cannot be, and none at all.
        ("+800123456789", ""),
        ("+10000", ""),
        ("sip:fax@example.com", ""),
        ("", ""),
    ],
)
def test_a_number_tells_its_country(number, country):
    assert country_of(number) == country
