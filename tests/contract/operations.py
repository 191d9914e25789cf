"""The operations of the Telnyx API that a fax portal needs, and what may be said in each: https://github.com/team-telnyx/openapi

Written down from the official description as it was in July 2026. A key that it does not have is a mistake here, though
Telnyx might let it pass: what it ignores in silence, people believe to be set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.contract.recorder import Asked

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
FILLED: Schema = {"type": "string", "minLength": 1}
PHONE: Schema = {"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$"}
LIMIT: Schema = {"type": ["integer", "null"], "minimum": 0}
ADDRESS: Schema = {"type": "string", "pattern": r"^https?://[^\s/]+"}
WORDS: Schema = {"type": "array", "items": TEXT}
QUALITY: Schema = {"enum": ["normal", "high", "very_high", "ultra_light", "ultra_dark"]}
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
SITES = [
    "Latency",
    "Chicago, IL",
    "Ashburn, VA",
    "San Jose, CA",
    "Sydney, Australia",
    "Amsterdam, Netherlands",
    "London, UK",
    "Toronto, Canada",
    "Vancouver, Canada",
    "Frankfurt, Germany",
]


def document(*required: str, **properties: Schema) -> Schema:
    """An object with these keys and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


APPLICATION: Mapping[str, Schema] = {
    "application_name": FILLED,
    "webhook_event_url": ADDRESS,
    "active": FLAG,
    "anchorsite_override": {"enum": SITES},
    "webhook_event_failover_url": {"anyOf": [ADDRESS, {"enum": ["", None]}]},
    "webhook_timeout_secs": {"type": ["integer", "null"], "minimum": 0, "maximum": 30},
    "inbound": document(
        channel_limit=LIMIT,
        sip_subdomain={"type": ["string", "null"]},
        sip_subdomain_receive_settings={"enum": ["only_my_connections", "from_anyone"]},
    ),
    "outbound": document(channel_limit=LIMIT, outbound_voice_profile_id=TEXT),
    "tags": WORDS,
}
CREATE = document("application_name", "webhook_event_url", **APPLICATION)
UPDATE = document(
    "application_name", "webhook_event_url", fax_email_recipient={"type": ["string", "null"]}, **APPLICATION
)
SEND: Schema = {
    **document(
        "connection_id",
        "from",
        "to",
        **{"from": PHONE},
        connection_id=FILLED,
        to=PHONE,
        media_url=ADDRESS,
        media_name=FILLED,
        from_display_name={"type": "string", "maxLength": 128, "pattern": r"^[A-Za-z0-9 \-_~!.+]*$"},
        quality=QUALITY,
        t38_enabled=FLAG,
        monochrome=FLAG,
        black_threshold={"type": "integer", "minimum": 1, "maximum": 100},
        store_media=FLAG,
        store_preview=FLAG,
        preview_format={"enum": ["pdf", "tiff"]},
        webhook_url=ADDRESS,
        client_state={"type": "string", "pattern": r"^[A-Za-z0-9+/]+={0,2}$"},
    ),
    "oneOf": [{"required": ["media_url"]}, {"required": ["media_name"]}],
    "dependentRequired": {"black_threshold": ["monochrome"]},
}
UPLOAD = document("media", media=FILLED, media_name=FILLED, ttl_secs={"type": "string", "pattern": r"^\d{1,9}$"})
NUMBER = document(
    connection_id=TEXT,
    tags=WORDS,
    customer_reference=TEXT,
    external_pin=TEXT,
    hd_voice_enabled=FLAG,
    billing_group_id=TEXT,
    address_id=TEXT,
)

PAGING = {"page[number]": r"[1-9]\d*", "page[size]": r"[1-9]\d?|1\d\d|2[0-4]\d|250"}


@dataclass(frozen=True)
class Operation:
    """`query` has a pattern for each parameter; `body` is None where nothing may be sent."""

    method: str
    path: str
    statuses: tuple[int, ...] = (200,)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Schema | None = None

    def is_asked_by(self, asked: Asked) -> bool:
        return asked.method == self.method and re.fullmatch(self.path, asked.path) is not None


OPERATIONS = {
    "ListFaxes": Operation(
        "GET",
        "faxes",
        query=PAGING
        | {f"filter[created_at][{word}]": TIME for word in ("gte", "gt", "lte", "lt")}
        | {f"filter[{end}][eq]": r"\+[1-9]\d{1,14}" for end in ("from", "to")}
        | {"filter[direction][eq]": "inbound|outbound"},
    ),
    "SendFax": Operation("POST", "faxes", (202,), body=SEND),
    "ViewFax": Operation("GET", f"faxes/{UUID}"),
    "DeleteFax": Operation("DELETE", f"faxes/{UUID}", (204,)),
    "CancelFax": Operation("POST", f"faxes/{UUID}/actions/cancel", (202,)),
    "RefreshFax": Operation("POST", f"faxes/{UUID}/actions/refresh"),
    "ListFaxApplications": Operation(
        "GET",
        "fax_applications",
        query=PAGING
        | {"filter[application_name][contains]": ".{3,}", "filter[outbound_voice_profile_id]": r"\d+"}
        | {"sort": "-?(created_at|application_name|active)"},
    ),
    "CreateFaxApplication": Operation("POST", "fax_applications", (201,), body=CREATE),
    "GetFaxApplication": Operation("GET", r"fax_applications/[\w-]+"),
    "UpdateFaxApplication": Operation("PATCH", r"fax_applications/[\w-]+", body=UPDATE),
    "DeleteFaxApplication": Operation("DELETE", r"fax_applications/[\w-]+"),
    "CreateMediaStorage": Operation("POST", "media", (201,), body=UPLOAD),
    "ListPhoneNumbers": Operation(
        "GET",
        "phone_numbers",
        query=PAGING | {"handle_messaging_profile_error": "true|false", "filter[connection_id]": r"[\w-]+"},
    ),
    "RetrievePhoneNumber": Operation("GET", r"phone_numbers/[\w-]+"),
    "UpdatePhoneNumber": Operation("PATCH", r"phone_numbers/[\w-]+", body=NUMBER),
    "ListOutboundVoiceProfiles": Operation(
        "GET", "outbound_voice_profiles", query=PAGING | {"sort": "-?(created_at|enabled|name)"}
    ),
    "GetOutboundVoiceProfile": Operation("GET", r"outbound_voice_profiles/[\w-]+"),
    "GetWebhookDeliveries": Operation(
        "GET",
        "webhook_deliveries",
        query=PAGING
        | {"filter[status][eq]": "delivered|failed", "filter[event_type]": r"[a-z._,]+"}
        | {f"filter[{end}][{word}]": TIME for end in ("started_at", "finished_at") for word in ("gte", "lte")},
    ),
}


def operation_of(asked: Asked) -> str:
    """The name of what was asked for; empty for what Telnyx does not offer."""
    return next((name for name, operation in OPERATIONS.items() if operation.is_asked_by(asked)), "")


def mistakes(asked: Asked) -> Iterator[str]:
    """What the official description does not allow in this request, in words."""
    name = operation_of(asked)
    if not name:
        yield f"There is no {asked.method} /v2/{asked.path}."
        return
    operation = OPERATIONS[name]
    if not asked.headers.get("Authorization", "").startswith("Bearer "):
        yield f"{name} goes without a key."
    for parameter, value in asked.query:
        if not re.fullmatch(operation.query.get(parameter, "$^"), value):
            yield f"{name} has no {parameter}={value}."
    if operation.body is None and asked.body:
        yield f"{name} takes no body."
    elif operation.body is not None:
        checker = Draft202012Validator(operation.body, format_checker=FormatChecker())
        yield from (f"{name}: {error.json_path} {error.message}" for error in checker.iter_errors(asked.document))
