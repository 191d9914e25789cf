"""Fax applications: https://developers.telnyx.com/api-reference/programmable-fax-applications"""

import re
from collections.abc import Mapping
from typing import Any

from telnyx_sandbox.errors import Problem, Refusal, not_found
from telnyx_sandbox.fields import Fields, is_web_url
from telnyx_sandbox.messages import Request, Response, data, filters, page_of, paginate
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import World, new_id

KIND = "fax_application"
ANCHORSITES = (
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
)
SORTS = ("created_at", "application_name", "active")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

BLANK: Mapping[str, Any] = {
    "record_type": KIND,
    "active": True,
    "anchorsite_override": "Latency",
    "webhook_event_failover_url": "",
    "webhook_timeout_secs": None,
    "inbound": {"channel_limit": None, "sip_subdomain": None, "sip_subdomain_receive_settings": "from_anyone"},
    "outbound": {"channel_limit": None, "outbound_voice_profile_id": None},
    "tags": [],
    "fax_email_recipient": None,
}


def shown(application: Mapping[str, Any]) -> dict[str, Any]:
    """The object of the API: fax_email_recipient can be set, but is never returned."""
    return {name: value for name, value in application.items() if name != "fax_email_recipient"}


def list_applications(world: World, request: Request) -> Response:
    found = world.store.objects(KIND)
    given = filters(request, ["application_name.contains", "outbound_voice_profile_id"])
    for part in given.get("application_name.contains", []):
        if len(part) < 3:
            parameter = "filter[application_name][contains]"
            raise Refusal(400, Problem("10031", "Give at least three characters.", parameter=parameter))
        found = [each for each in found if part.lower() in each["application_name"].lower()]
    for profile in given.get("outbound_voice_profile_id", []):
        found = [each for each in found if each["outbound"]["outbound_voice_profile_id"] == profile]
    return paginate([shown(each) for each in arrange(found, request, SORTS, "-created_at")], page_of(request))


def arrange(
    found: list[dict[str, Any]], request: Request, names: tuple[str, ...], default: str
) -> list[dict[str, Any]]:
    """Sorted by the `sort` parameter, descending with a minus. Raises Refusal 400 for a name that is no sort."""
    wanted = request.parameter("sort", default)
    name = wanted.removeprefix("-")
    if name not in names:
        raise Refusal(400, Problem("10032", f"sort must be one of {', '.join(names)}.", parameter="sort"))
    return sorted(found, key=lambda each: (str(each.get(name)), each["id"]), reverse=wanted.startswith("-"))


def create_application(world: World, request: Request) -> Response:
    application = {**BLANK, "id": new_id(), "created_at": iso(world.now(), "milliseconds")}
    with world.store.transaction():
        return _save(world, application | _read(world, request.form.values, application), 201)


def _save(world: World, application: dict[str, Any], status: int) -> Response:
    application["updated_at"] = iso(world.now(), "milliseconds")
    world.store.put_object(KIND, application["id"], application)
    return data(shown(application), status)


def update_application(world: World, request: Request, key: str) -> Response:
    """PATCH, which demands application_name and webhook_event_url like POST does."""
    values = request.form.values
    with world.store.transaction():
        application = find(world, key)
        changes = _read(world, values, application) | _recipient(values)
        return _save(world, application | changes, 200)


def _recipient(values: Mapping[str, Any]) -> dict[str, str | None]:
    fields = Fields(values)
    recipient = fields.matching("fax_email_recipient", EMAIL.fullmatch, "10019", "This is not an email address.")
    fields.done()
    return {"fax_email_recipient": recipient or None} if "fax_email_recipient" in values else {}


def find(world: World, key: str) -> dict[str, Any]:
    application = world.store.object(KIND, key)
    if application is None:
        raise not_found("The requested fax application does not exist.")
    return application


def get_application(world: World, request: Request, key: str) -> Response:
    return data(shown(find(world, key)))


def delete_application(world: World, request: Request, key: str) -> Response:
    with world.store.transaction():
        application = find(world, key)
        if any(number["connection_id"] == key for number in world.store.objects("phone_number")):
            raise Refusal(400, Problem("10021", "Phone numbers use this fax application: assign them elsewhere first."))
        world.store.remove_object(KIND, key)
    return data(shown(application))


def _read(world: World, values: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a create or update request over what holds now. Raises Refusal 422."""
    fields = Fields(values)
    changes = {
        "application_name": fields.text("application_name", required=True, longest=255),
        "webhook_event_url": fields.url("webhook_event_url", required=True),
        "webhook_event_failover_url": _failover(fields, now),
        "webhook_timeout_secs": fields.whole("webhook_timeout_secs", 0, 30, now["webhook_timeout_secs"], nullable=True),
        "active": fields.flag("active", now["active"]),
        "anchorsite_override": fields.choice("anchorsite_override", ANCHORSITES, now["anchorsite_override"]),
        "tags": fields.words("tags", now["tags"]),
        "inbound": _inbound(fields.part("inbound"), now["inbound"]),
        "outbound": _outbound(world, fields.part("outbound"), now["outbound"]),
    }
    fields.done()
    return changes


def _failover(fields: Fields, now: Mapping[str, Any]) -> str | None:
    name = "webhook_event_failover_url"
    if name in fields.values and not fields.values[name]:
        return None
    return fields.matching(name, is_web_url, "10003", "Give an http or https URL.", default=now[name] or "")


def _inbound(fields: Fields, now: Mapping[str, Any]) -> dict[str, Any]:
    name = "sip_subdomain_receive_settings"
    return {
        "channel_limit": fields.whole("channel_limit", 1, 1_000_000, now["channel_limit"], nullable=True),
        "sip_subdomain": _nullable_text(fields, "sip_subdomain", now),
        name: fields.choice(name, ("only_my_connections", "from_anyone"), now[name]),
    }


def _outbound(world: World, fields: Fields, now: Mapping[str, Any]) -> dict[str, Any]:
    name = "outbound_voice_profile_id"
    profile = _nullable_text(fields, name, now)
    if profile and world.store.object("outbound_voice_profile", profile) is None:
        fields.complain(name, "10017", "There is no outbound voice profile with this id.")
    limit = fields.whole("channel_limit", 1, 1_000_000, now["channel_limit"], nullable=True)
    return {"channel_limit": limit, name: profile}


def _nullable_text(fields: Fields, name: str, now: Mapping[str, Any]) -> str | None:
    """Null and an empty text take the setting back."""
    if name in fields.values and fields.values[name] is None:
        return None
    return fields.text(name, now[name] or "") or None
