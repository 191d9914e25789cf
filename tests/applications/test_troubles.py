"""Telnyx's refusals in words, beside the field that they are about, however Telnyx spells it."""

from __future__ import annotations

import pytest
from django.core.exceptions import NON_FIELD_ERRORS

from applications.fields import column_at
from applications.troubles import problems_of
from telnyx_api import Conflict, ErrorItem, Invalid


@pytest.mark.parametrize(
    ("pointer", "column"),
    [
        ("/application_name", "application_name"),
        ("application_name", "application_name"),
        ("#/application_name", "application_name"),
        ("/data/attributes/application_name", "application_name"),
        ("$.webhook_event_url", "webhook_event_url"),
        ("/inbound/channel_limit", "inbound_channel_limit"),
        ("/body/outbound/channel_limit/", "outbound_channel_limit"),
        ("outbound.channel_limit", "outbound_channel_limit"),
        ("inbound[channel_limit]", "inbound_channel_limit"),
        ("/outbound/outbound_voice_profile_id", "outbound_voice_profile_id"),
        ("/outbound_voice_profile_id", "outbound_voice_profile_id"),
        ("/tags/0", "tags"),
        # It may be either.
        ("/channel_limit", None),
        ("/inbound", None),
        ("/", None),
        ("", None),
        (None, None),
        ("/not_a_field/of/ours", None),
    ],
)
def test_a_pointer_leads_to_its_field(pointer: str | None, column: str | None) -> None:
    assert column_at(pointer) == column


@pytest.mark.parametrize("kind", [Invalid, Conflict])
def test_a_refusal_is_told_beside_its_field(kind: type[Invalid | Conflict]) -> None:
    taken = ErrorItem(detail="is taken", pointer="#/application_name")
    long = ErrorItem(title="Too long", parameter="tags")
    other = ErrorItem(code="10015", pointer="/elsewhere")
    assert problems_of(kind("No.", pointers=(taken, long, other))) == {
        "application_name": ["Telnyx says: is taken"],
        "tags": ["Telnyx says: Too long"],
        NON_FIELD_ERRORS: ["Telnyx refused this: code 10015"],
    }
