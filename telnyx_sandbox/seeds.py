"""What a fresh sandbox holds, and a past for tests that need a long one."""

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

from telnyx_sandbox import documents, lifecycle, numbers
from telnyx_sandbox.applications import BLANK
from telnyx_sandbox.store import Fax, Plan
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import World

PROFILE_ID = "2290457000000000001"
APPLICATIONS = {
    "Front desk": ("2290457000000000011", ("+13125790015", "+13125790016")),
    "Records": ("2290457000000000012", ("+17739420110", "+17739420111")),
}


def plant(world: World, webhook_url: str) -> None:
    """Two applications with two numbers each and the voice profile that pays for their calls."""
    with world.store.transaction():
        world.store.put_object("outbound_voice_profile", PROFILE_ID, _profile(world.now()))
        for name, (key, phone_numbers) in APPLICATIONS.items():
            world.store.put_object("fax_application", key, _application(name, key, webhook_url, world.now()))
            for phone_number in phone_numbers:
                number = numbers.blank(phone_number, key, world.now())
                world.store.put_object("phone_number", number["id"], number)


def _profile(at: float) -> dict[str, Any]:
    created = iso(at, "milliseconds")
    return {
        "record_type": "outbound_voice_profile",
        "id": PROFILE_ID,
        "name": "Office",
        "enabled": True,
        "traffic_type": "conversational",
        "service_plan": "global",
        "usage_payment_method": "rate-deck",
        "concurrent_call_limit": 10,
        "daily_spend_limit": "100.00",
        "daily_spend_limit_enabled": False,
        "whitelisted_destinations": ["US", "CA"],
        "billing_group_id": None,
        "tags": [],
        "created_at": created,
        "updated_at": created,
    }


def _application(name: str, key: str, webhook_url: str, at: float) -> dict[str, Any]:
    created = iso(at, "milliseconds")
    own = {"id": key, "application_name": name, "webhook_event_url": webhook_url}
    outbound = {"channel_limit": None, "outbound_voice_profile_id": PROFILE_ID}
    return {**BLANK, **own, "outbound": outbound, "created_at": created, "updated_at": created}


def fill(world: World, count: int, days: float, *, inbound_only: bool = False) -> None:
    """Adds `count` faxes that ended long ago, spread evenly over the last `days`; no webhooks are sent for them."""
    file = world.keep(documents.sample(1, "Faxed long ago"))
    with world.store.transaction():
        start = world.now() - days * 86400
        moments = (start + days * 86400 * number / count for number in range(count))
        world.store.add_faxes(_past(world, moments, file.sha256, inbound_only))


def _past(world: World, moments: Iterator[float], file: str, inbound_only: bool) -> Iterator[Fax]:
    lines = [(number, key) for key, phone_numbers in APPLICATIONS.values() for number in phone_numbers]
    for serial, (moment, (number, key)) in enumerate(zip(moments, itertools.cycle(lines), strict=False)):
        inbound, failed = inbound_only or serial % 2 == 0, serial % 20 == 19
        ours, theirs = number, f"+1773555{serial % 10000:04}"
        ends = {"from": theirs, "to": ours} if inbound else {"from": ours, "to": theirs}
        fax_id = str(uuid.uuid4())
        media = world.link(f"{fax_id}.pdf") if inbound else f"https://files.example.org/{serial}.pdf"
        shown = {
            "record_type": "fax",
            "id": fax_id,
            "connection_id": key,
            "direction": "inbound" if inbound else "outbound",
            **ends,
            "status": "received" if inbound else "failed" if failed else "delivered",
            "quality": "high",
            "media_url": media,
            "webhook_url": "",
            "webhook_failover_url": "",
            "created_at": iso(moment),
            "updated_at": iso(moment + 60),
            "failure_reason": "user_busy" if failed else None,
            "internal_failure_reason": None,
            "page_count": 1,
            "call_duration_secs": lifecycle.call_seconds(1),
        }
        yield Fax(shown, moment, None, Plan(file=file))
