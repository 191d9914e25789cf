"""Webhooks: events, their signature, their attempts, and GET /webhook_deliveries.

Shapes and signature: https://developers.telnyx.com/docs/programmable-fax/receiving-webhooks and
https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks
"""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

import requests

from telnyx_sandbox.errors import Problem, Refusal, not_found
from telnyx_sandbox.messages import Request, Response, data, filters, listing, page_of, time_filter
from telnyx_sandbox.store import Delivery, Due, Fax
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import Signed, World

COMMON = ("connection_id", "direction", "from", "to", "status")

EXTRA = {
    "fax.delivered": ("call_duration_secs", "page_count"),
    "fax.media.processing.started": ("page_count",),
    "fax.received": ("call_duration_secs", "page_count", "media_url"),
    "fax.failed": ("failure_reason",),
}


def announce(world: World, fax: Fax, event_type: str, at: float, *, last: bool) -> None:
    """Puts the webhook of a change on its way, in the manner of the fax's scenario. Inside a transaction."""
    event = _event(world, fax, event_type, at)
    match fax.plan.webhooks:
        case "never":
            return
        case "twice":
            _dispatch(world, fax, event, at)
            _dispatch(world, fax, event, at)
        case "backwards":
            fax.plan.held.insert(0, event)
            for number, held in enumerate(fax.plan.held if last else []):
                _dispatch(world, fax, held, at + number * world.scaled(0.2))
        case _:
            _dispatch(world, fax, event, at)


def _event(world: World, fax: Fax, event_type: str, at: float) -> dict[str, Any]:
    occurred = iso(at, "microseconds")
    payload = _payload(world, fax, event_type)
    known = {"event_type": event_type, "id": str(uuid.uuid4()), "occurred_at": occurred, "payload": payload}
    return {**known, "record_type": "event"}


def _payload(world: World, fax: Fax, event_type: str) -> dict[str, Any]:
    shown = fax.shown
    payload = {"fax_id": fax.id, "user_id": world.user_id, **{name: shown[name] for name in COMMON}}
    payload |= {name: shown[name] for name in EXTRA.get(event_type, ())}
    if shown["direction"] == "inbound":
        return payload | _inbound(fax)
    # original_media_url is left out where media_name was used.
    sources = (("client_state", "client_state"), ("media_name", "media_name"), ("media_url", "original_media_url"))
    return payload | {theirs: shown[ours] for ours, theirs in sources if shown.get(ours)}


def _inbound(fax: Fax) -> dict[str, Any]:
    """What only inbound events tell: who called, and once there are pages where they are and whether all came."""
    said = {"caller_id": fax.shown["from"]}
    if "media_url" not in fax.shown:
        return said
    pages = {name: fax.shown[name] for name in ("page_count", "media_url")}
    return {**said, **pages, "partial_content": fax.plan.partial}


def _dispatch(world: World, fax: Fax, event: dict[str, Any], at: float) -> None:
    urls = [url for url in (fax.shown["webhook_url"], fax.shown["webhook_failover_url"]) if url]
    if not urls:
        return
    application = world.store.object("fax_application", fax.shown["connection_id"]) or {}
    timeout = float(application.get("webhook_timeout_secs") or world.options.webhook_timeout)
    world.store.add_delivery(Delivery(str(uuid.uuid4()), event, urls, timeout, next_at=at))


def sign(world: World, url: str, event: Mapping[str, Any], attempt: int) -> Signed:
    """Signs at the moment of sending, by the clock on the wall: time put forward by advance() is left out of it, or
    a receiver that checks the age of a signature would refuse all that comes later.
    """
    meta = {"attempt": attempt, "delivered_to": url}
    body = json.dumps({"data": event, "meta": meta}, separators=(",", ":")).encode()
    timestamp = str(int(world.clock()))
    signature = base64.b64encode(world.signing_key.sign(f"{timestamp}|".encode() + body)).decode()
    headers = {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": signature}
    return Signed(url, {"Content-Type": "application/json", "User-Agent": "telnyx-webhooks", **headers}, body)


def post(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
    """Sends a webhook for real. A redirect is an answer like any other, and no success."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(url, data=body, headers=dict(headers), timeout=timeout, allow_redirects=False)
            return answer.status_code
    except (requests.RequestException, ValueError):
        return 0


def attempt(world: World, due: Due) -> None:
    """Makes the next attempt of a delivery: attempts_per_url on the first URL, then as many on the failover URL."""
    delivery = world.store.delivery(due.id)
    if delivery is None or delivery.next_at != due.at:
        return
    number = len(delivery.attempts) + 1
    # The last URL stands in where attempts_per_url was lowered in the meantime.
    url = delivery.urls[min((number - 1) // world.options.attempts_per_url, len(delivery.urls) - 1)]
    signed = sign(world, url, delivery.event, number)
    started = world.now()
    status = world.deliver(url, signed.headers, signed.body, delivery.timeout)
    finished = world.now()
    delivery.attempts.append(_record(signed, started, finished, status))
    delivery.started_at, delivery.finished_at = delivery.started_at or started, finished
    _conclude(world, delivery)
    with world.store.transaction():
        world.store.save_delivery(delivery)


def _record(signed: Signed, started: float, finished: float, status: int) -> dict[str, Any]:
    return {
        "status": "delivered" if 200 <= status < 300 else "failed",
        "started_at": iso(started, "milliseconds"),
        "finished_at": iso(finished, "milliseconds"),
        "http": {
            "request": {"url": signed.url, "headers": [list(pair) for pair in signed.headers.items()]},
            "response": {"status": status, "headers": [], "body": ""} if status else None,
        },
    }


def _conclude(world: World, delivery: Delivery) -> None:
    outcome = delivery.attempts[-1]["status"]
    left = len(delivery.attempts) < len(delivery.urls) * world.options.attempts_per_url
    if outcome == "failed" and left:
        delivery.next_at = world.now() + world.scaled(world.options.attempt_spacing)
    else:
        delivery.next_at, delivery.status = None, outcome


FILTERS = (
    "status.eq",
    "event_type",
    "webhook.contains",
    "attempts.contains",
    "started_at.gte",
    "started_at.lte",
    "finished_at.gte",
    "finished_at.lte",
)


def list_deliveries(world: World, request: Request) -> Response:
    """GET /webhook_deliveries: those that have ended, newest first."""
    where, values = ["status IN ('delivered', 'failed')"], []
    for name, given in filters(request, FILTERS).items():
        condition, value = _condition(name, given[-1])
        where.append(condition)
        values += value
    page = page_of(request)
    conditions = " AND ".join(where)
    with world.store.lock:
        total = world.store.count_deliveries(conditions, values)
        found = world.store.list_deliveries(conditions, values, page.size, page.offset)
    return listing([shown(world, delivery) for delivery in found], page, total)


def _condition(name: str, value: str) -> tuple[str, list[Any]]:
    if name == "event_type":
        types = [each.replace("_", ".") for each in value.split(",")]
        return f"replace(event_type, '_', '.') IN ({', '.join('?' * len(types))})", types
    column, _, operator = name.partition(".")
    if operator == "contains":
        return f"instr({'event' if column == 'webhook' else column}, ?)", [value]
    if operator == "eq":
        if value not in ("delivered", "failed"):
            problem = Problem("10032", "status must be delivered or failed.", parameter="filter[status][eq]")
            raise Refusal(422, problem)
        return "status = ?", [value]
    return f"{column} {'>=' if operator == 'gte' else '<='} ?", [time_filter(name, value)]


def get_delivery(world: World, request: Request, delivery_id: str) -> Response:
    delivery = world.store.delivery(delivery_id)
    if delivery is None or delivery.status == "pending":
        raise not_found("WebhookDelivery not found.")
    return data(shown(world, delivery))


def shown(world: World, delivery: Delivery) -> dict[str, Any]:
    """The object of the API, attempts newest first."""
    times = {"started_at": delivery.started_at, "finished_at": delivery.finished_at}
    return {
        "record_type": "webhook_delivery",
        "id": delivery.id,
        "user_id": world.user_id,
        "status": delivery.status,
        "webhook": delivery.event,
        "attempts": delivery.attempts[::-1],
        **{name: iso(at, "milliseconds") if at is not None else None for name, at in times.items()},
    }
