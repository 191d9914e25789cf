"""Phone numbers and outbound voice profiles: https://developers.telnyx.com/api-reference/phone-number-configurations"""

from collections.abc import Callable, Mapping
from typing import Any

from telnyx_sandbox.applications import arrange
from telnyx_sandbox.errors import Problem, Refusal, not_found
from telnyx_sandbox.fields import Fields
from telnyx_sandbox.messages import Request, Response, data, filters, page_of, paginate
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import World, new_id

Number = Mapping[str, Any]

# What a number must be like to pass a filter; given all values of that filter.
PASSES: Mapping[str, Callable[[Number, list[str]], bool]] = {
    "billing_group_id": lambda number, values: str(number["billing_group_id"] or "null") in values,
    "connection_id": lambda number, values: number["connection_id"] in values,
    "country_iso_alpha2": lambda number, values: number["country_iso_alpha2"] in values,
    "customer_reference": lambda number, values: number["customer_reference"] in values,
    "emergency_address_id": lambda number, values: str(number["emergency_address_id"] or "null") in values,
    "number_type.eq": lambda number, values: number["phone_number_type"] in values,
    "phone_number": lambda number, values: values[0].isdigit() and values[0] in number["phone_number"],
    "source": lambda number, values: {"number_order": "purchased"}.get(number["source_type"], "ported") in values,
    "status": lambda number, values: number["status"] in values,
    "tag": lambda number, values: not set(values).isdisjoint(number["tags"]),
    "voice.connection_name.contains": lambda number, values: values[0].lower() in _connection(number),
    "voice.connection_name.ends_with": lambda number, values: _connection(number).endswith(values[0].lower()),
    "voice.connection_name.eq": lambda number, values: _connection(number) == values[0].lower(),
    "voice.connection_name.starts_with": lambda number, values: _connection(number).startswith(values[0].lower()),
    "voice.usage_payment_method": lambda number, values: "pay-per-minute" in values,
    "without_tags": lambda number, values: values[0] != "true" or not number["tags"],
}
SORTS = ("purchased_at", "phone_number", "connection_name", "usage_payment_method", "created_at")


def _connection(number: Number) -> str:
    return str(number["connection_name"] or "").lower()


def blank(phone_number: str, connection_id: str | None, at: float) -> dict[str, Any]:
    """A local number as it is right after its purchase."""
    bought = iso(at, "milliseconds")
    return {
        "record_type": "phone_number",
        "id": new_id(),
        "phone_number": phone_number,
        "phone_number_type": "local",
        "country_iso_alpha2": "US",
        "status": "active",
        "connection_id": connection_id,
        "tags": [],
        "customer_reference": None,
        "billing_group_id": None,
        "emergency_address_id": None,
        "emergency_enabled": False,
        "emergency_status": "disabled",
        "external_pin": None,
        "source_type": "number_order",
        "messaging_profile_id": None,
        "messaging_profile_name": None,
        "call_forwarding_enabled": False,
        "call_recording_enabled": False,
        "caller_id_name_enabled": False,
        "cnam_listing_enabled": False,
        "deletion_lock_enabled": False,
        "hd_voice_enabled": False,
        "inbound_call_screening": "disabled",
        "t38_fax_gateway_enabled": True,
        "activated_at": bought,
        "purchased_at": bought,
        "created_at": bought,
        "updated_at": bought,
    }


def _named(world: World, number: dict[str, Any]) -> dict[str, Any]:
    application = world.store.object("fax_application", number["connection_id"] or "")
    return number | {"connection_name": application["application_name"] if application else None}


def list_numbers(world: World, request: Request) -> Response:
    found = [_named(world, number) for number in world.store.objects("phone_number")]
    for name, values in filters(request, [*PASSES]).items():
        found = [number for number in found if PASSES[name](number, values)]
    return paginate(arrange(found, request, SORTS, "-created_at"), page_of(request))


def _find(world: World, key: str) -> dict[str, Any]:
    number = world.store.object("phone_number", key)
    if number is None:
        raise not_found("The requested phone number does not exist.")
    return number


def get_number(world: World, request: Request, key: str) -> Response:
    return data(_named(world, _find(world, key)))


def update_number(world: World, request: Request, key: str) -> Response:
    """PATCH: what is not named stays. connection_id null or "" takes the number off its application."""
    fields = Fields(request.form.values)
    with world.store.transaction():
        number = _find(world, key)
        number |= {
            "connection_id": _connection_id(world, fields, number["connection_id"]),
            "customer_reference": fields.text("customer_reference", number["customer_reference"] or "") or None,
            "billing_group_id": fields.text("billing_group_id", number["billing_group_id"] or "") or None,
            "external_pin": fields.text("external_pin", number["external_pin"] or "") or None,
            "hd_voice_enabled": fields.flag("hd_voice_enabled", number["hd_voice_enabled"]),
            "tags": fields.words("tags", number["tags"]),
            "updated_at": iso(world.now(), "milliseconds"),
        }
        fields.done()
        world.store.put_object("phone_number", key, number)
    return data(_named(world, number))


def _connection_id(world: World, fields: Fields, now: str | None) -> str | None:
    if "connection_id" not in fields.values:
        return now
    wanted = fields.text("connection_id")
    if wanted and world.store.object("fax_application", wanted) is None:
        fields.complain("connection_id", "10017", "connection_id is not the id of a fax application.")
    return wanted or None


PROFILE_SORTS = ("enabled", "created_at", "name", "service_plan", "traffic_type", "usage_payment_method")


def list_profiles(world: World, request: Request) -> Response:
    """GET /outbound_voice_profiles."""
    found = [_counted(world, profile) for profile in world.store.objects("outbound_voice_profile")]
    for part in filters(request, ["name.contains"]).get("name.contains", []):
        found = [profile for profile in found if part.lower() in profile["name"].lower()]
    return paginate(arrange(found, request, PROFILE_SORTS, "-created_at"), page_of(request))


def get_profile(world: World, request: Request, key: str) -> Response:
    profile = world.store.object("outbound_voice_profile", key)
    if profile is None:
        raise Refusal(404, Problem("10005", "The requested outbound voice profile does not exist."))
    return data(_counted(world, profile))


def _counted(world: World, profile: dict[str, Any]) -> dict[str, Any]:
    uses = [each["outbound"]["outbound_voice_profile_id"] for each in world.store.objects("fax_application")]
    return profile | {"connections_count": uses.count(profile["id"])}
