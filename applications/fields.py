"""The fields of a fax application that people change: their columns here, their places at Telnyx, and their names.

https://developers.telnyx.com/api-reference/programmable-fax-applications/update-a-fax-application
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from applications.mirror import APPLICATION_KEYS, look_up
from applications.models import FaxApplication

LATENCY = "Latency"
ANCHOR_SITES = (
    LATENCY,
    "Chicago, IL",
    "Ashburn, VA",
    "San Jose, CA",
    "Toronto, Canada",
    "Vancouver, Canada",
    "London, UK",
    "Amsterdam, Netherlands",
    "Frankfurt, Germany",
    "Sydney, Australia",
)
FROM_ANYONE = "from_anyone"
WORDS: Mapping[str, Mapping[str, str]] = {
    "anchorsite_override": {LATENCY: "The nearest one, as Telnyx measures it"},
    "inbound_sip_subdomain_receive_settings": {
        FROM_ANYONE: "Anyone on the internet",
        "only_my_connections": "Only connections of our own Telnyx account",
    },
}
LABELS = {
    "application_name": "Name",
    "active": "Active",
    "anchorsite_override": "Anchor site",
    "webhook_event_url": "Webhook URL",
    "webhook_event_failover_url": "Failover URL",
    "webhook_timeout_secs": "Webhook time-out",
    "inbound_channel_limit": "Inbound channel limit",
    "inbound_sip_subdomain": "SIP subdomain",
    "inbound_sip_subdomain_receive_settings": "Who may call the subdomain",
    "outbound_channel_limit": "Outbound channel limit",
    "outbound_voice_profile_id": "Outbound voice profile",
    "tags": "Tags",
    "fax_email_recipient": "E-mail copies to",
    "team": "Team",
    "delete_once_archived": "Delete at Telnyx",
    "connection_id": "Application",
}
# Telnyx wants both in every change: https://github.com/team-telnyx/openapi, UpdateFaxApplicationRequest.
DEMANDED = ("application_name", "webhook_event_url")
# What can be written is what is mirrored, and an address that Telnyx takes and never shows again.
KEYS = {**APPLICATION_KEYS, "fax_email_recipient": "fax_email_recipient"}
WRITABLE = tuple(KEYS.values())
# The address is taken in changes only: https://github.com/team-telnyx/openapi, CreateFaxApplicationRequest.
ON_CREATE = tuple(APPLICATION_KEYS.values())
# Of an error's pointer to one of these.
WORD = re.compile("[a-z_]+")
# An empty text takes these back as null. The profile's id is described as a text that is never null.
NULLABLE = ("webhook_event_failover_url", "inbound_sip_subdomain", "fax_email_recipient")


def our_door() -> str:
    """Where Telnyx brings its events; empty without a PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}/webhooks/telnyx" if settings.PUBLIC_URL else ""


def door_at(url: str) -> str | None:
    """The address of our door that this one means, spelt as we spell it; None where it leads elsewhere."""
    doors = [our_door(), f"{our_door()}/"] if settings.PUBLIC_URL else []
    try:
        return next((door for door in doors if _parts(door) == _parts(url)), None)
    except ValueError:
        return None


def is_same_address(one: str, other: str) -> bool:
    """Do both say the same, in whatever spelling?"""
    return spelt_alike(one) == spelt_alike(other)


def spelt_alike(url: str) -> str:
    """The same text for each spelling of an address."""
    try:
        return repr(_parts(url))
    except ValueError:
        return url


def leads_here(url: str) -> bool:
    """Is this the address of our door, under PUBLIC_URL, in whatever spelling?"""
    return door_at(url) is not None


def _parts(url: str) -> tuple[object, ...]:
    """What two spellings of one address have in common. ValueError for what is none."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    userinfo = parts.netloc.rpartition("@")[0]
    return parts.scheme, userinfo, parts.hostname, port, parts.path, parts.query + parts.fragment


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Telnyx's JSON for values by column; nothing else is in it."""
    body: dict[str, Any] = {}
    for key, column in KEYS.items():
        if column in values:
            *above, name = key.split(".")
            place = body.setdefault(above[0], {}) if above else body
            place[name] = None if column in NULLABLE and not values[column] else values[column]
    return body


def column_at(pointer: str | None) -> str | None:
    """The column that an error's pointer leads to, such as /inbound/channel_limit, /tags/0 or, in other spellings,
    #/data/inbound.channel_limit and /sip_subdomain; None for any other."""
    words = WORD.findall(pointer or "")
    pairs = [".".join(pair) for pair in pairwise(words)]
    return next((_PLACES[place] for place in (*pairs, *words) if place in _PLACES), None)


def _places() -> dict[str, str]:
    """Columns by their keys, and by the last word of a key where no other key ends in it."""
    ends = [key.split(".")[-1] for key in KEYS]
    return {end: column for end, column in zip(ends, WRITABLE, strict=True) if ends.count(end) == 1} | KEYS


_PLACES = _places()


def tags_of(value: Any) -> list[str]:
    """Tags as people write them, whatever Telnyx made of the list."""
    items = value if isinstance(value, list) else []
    return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items]


def values_of(application: FaxApplication) -> dict[str, Any]:
    """What a person who edits the application is shown, by column."""
    shown = {column: getattr(application, column) for column in WRITABLE}
    return shown | {"delete_once_archived": application.delete_once_archived}


def odd_value(application: FaxApplication, column: str) -> str:
    """What Telnyx says in a field where our column can hold nothing like it, such as a word for a number; empty where
    the column tells all."""
    key = next(key for key, named in KEYS.items() if named == column)
    _, value = look_up(application.raw, key.split("."))
    if value is None or getattr(application, column) is not None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def in_words(column: str, value: Any) -> str:
    """A value for people; empty where it is not set. Words that we do not know stay as they are."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if column == "webhook_timeout_secs":
        return f"{value} second{'' if value == 1 else 's'}"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return WORDS.get(column, {}).get(str(value), str(value))
