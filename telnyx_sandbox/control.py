"""/_sandbox/…: faults, options, state, inbound faxes and time, for other processes on this machine. It needs no key."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from telnyx_sandbox.errors import unprocessable
from telnyx_sandbox.faults import ACTIONS, TOO_LARGE, Fault
from telnyx_sandbox.fields import E164, Fields
from telnyx_sandbox.messages import Request, Response, data, json_response
from telnyx_sandbox.sandbox import FLAVOURS, Sandbox

# Any word will do: what Telnyx may say is an open set.
REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")


def add_fault(sandbox: Sandbox, request: Request) -> Response:
    """POST /_sandbox/faults with the arguments of Faults.add; "times": null is for ever."""
    fields = Fields(request.form.values)
    headers = fields.part("headers")
    fault = Fault(
        action=fields.choice("action", ACTIONS, "status"),
        status=fields.whole("status", 200, 599, 500) or 500,
        headers={name: headers.text(name) for name in headers.values},
        seconds=fields.number("seconds", 0, 3600, 60),
        after=fields.flag("after", False),
        size=fields.whole("size", 1, 10**9, TOO_LARGE) or TOO_LARGE,
    )
    method, path = fields.text("method", required=True), fields.text("path", required=True)
    times = fields.whole("times", 1, 10**9, 1, nullable=True)
    skip = fields.whole("skip", 0, 10**9, 0) or 0
    fields.done()
    sandbox.faults.plan(method, path, fault, times, skip)
    return data(sandbox.faults.as_json(), 201)


def list_faults(sandbox: Sandbox, request: Request) -> Response:
    return data(sandbox.faults.as_json())


def clear_faults(sandbox: Sandbox, request: Request) -> Response:
    sandbox.faults.clear()
    return Response(204)


def change_options(sandbox: Sandbox, request: Request) -> Response:
    try:
        sandbox.options.change(request.form.values)
    except ValueError as error:
        raise unprocessable(str(error)) from error
    sandbox.world.changed.set()
    return data(sandbox.options.as_json())


def state(sandbox: Sandbox, request: Request) -> Response:
    """GET /_sandbox/state, or parts of it: ?only=faxes,requests."""
    parts: dict[str, Callable[[], Any]] = {
        "faxes": sandbox.faxes,
        "deliveries": lambda: sandbox.deliveries,
        "requests": lambda: [logged._asdict() for logged in sandbox.requests],
        "faults": sandbox.faults.as_json,
        "options": sandbox.options.as_json,
        "public_key": lambda: sandbox.world.public_key,
    }
    wanted = request.parameter("only", ",".join(parts)).split(",")
    return json_response(200, {name: read() for name, read in parts.items() if name in wanted})


def receive(sandbox: Sandbox, request: Request) -> Response:
    """POST /_sandbox/inbound: JSON (`file` in base64) or multipart with the arguments of Sandbox.receive."""
    return data(receive_from(sandbox, request), 201)


def receive_from(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    form = request.form
    fields = Fields(form.values, as_text=form.multipart)
    number = "Give a number in +E.164 format."
    to = fields.matching("to", E164.fullmatch, "10016", number, required=True)
    sender = fields.matching("from", E164.fullmatch, "10016", number, default="+13125550199")
    pages = fields.whole("pages", 1, sandbox.options.max_pages, 1) or 1
    how: dict[str, Any] = {
        "tiff": fields.flag("tiff", False),
        "partial": fields.flag("partial", False),
        "flavour": fields.choice("flavour", FLAVOURS, FLAVOURS[0]),
        "ago": fields.number("ago", 0, 3650 * 86400, 0),
        "fail": fields.matching("fail", REASON.fullmatch, "10015", "A failure_reason is a word such as carrier_lost."),
    }
    file = form.files["file"].content if "file" in form.files else _decoded(fields, form.values)
    fields.done()
    try:
        return sandbox.receive(to=to, from_=sender, pages=pages, file=file, **how)
    except ValueError as error:
        raise unprocessable(str(error), "/to") from error


def _decoded(fields: Fields, values: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(fields.text("file", longest=100_000_000), validate=True)
    except (binascii.Error, ValueError):
        fields.complain("file", "10026", "file must be base64.")
        return b""


def advance(sandbox: Sandbox, request: Request) -> Response:
    """POST /_sandbox/advance {"seconds": …}: puts the time forward."""
    fields = Fields(request.form.values)
    seconds = fields.number("seconds", 0, 1e9, 0)
    fields.done()
    sandbox.advance(seconds)
    return data({"now": sandbox.world.now()})


def fill(sandbox: Sandbox, request: Request) -> Response:
    """POST /_sandbox/history {"count": …, "days": …, "inbound_only": …}: a past for the account."""
    fields = Fields(request.form.values)
    count, days = fields.whole("count", 1, 10_000_000, 1000) or 0, fields.number("days", 0, 3650, 30)
    inbound_only = fields.flag("inbound_only", False)
    fields.done()
    sandbox.fill(count, days, inbound_only=inbound_only)
    return data({"count": count})


def add_number(sandbox: Sandbox, request: Request) -> Response:
    """POST /_sandbox/numbers {"phone_number": …, "connection_id": …}: a number the account has bought."""
    fields = Fields(request.form.values)
    number = fields.matching("phone_number", E164.fullmatch, "10016", "Give a number in +E.164 format.", required=True)
    connection_id = fields.text("connection_id") or None
    fields.done()
    return data(sandbox.add_number(number, connection_id), 201)
