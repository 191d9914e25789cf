"""GET, POST /faxes and what can be done to one fax: https://developers.telnyx.com/api-reference/programmable-fax-commands"""

import json
import re
from collections.abc import Mapping
from typing import Any

from telnyx_sandbox import lifecycle
from telnyx_sandbox.errors import not_found, unprocessable
from telnyx_sandbox.fields import E164, SIP_URI, Fields, is_base64
from telnyx_sandbox.messages import Form, Request, Response, data, filters, listing_of_texts, page_of, time_filter
from telnyx_sandbox.scenarios import scenario_for
from telnyx_sandbox.store import Fax, File, Plan
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import World

QUALITIES = ("normal", "high", "very_high", "ultra_light", "ultra_dark")
DISPLAY_NAME = re.compile(r"[A-Za-z0-9 \-_~!.+]{1,128}")
COUNTS = ("page_count", "call_duration_secs")

# Fields that the multipart form of POST /faxes is documented to take; it has no others.
MULTIPART_FIELDS = (
    "connection_id",
    "from",
    "to",
    "quality",
    "t38_enabled",
    "monochrome",
    "store_media",
    "store_preview",
)

COLUMNS = {"direction.eq": "direction", "from.eq": "sender", "to.eq": "recipient"}
TIMES = {"created_at.gte": ">=", "created_at.gt": ">", "created_at.lte": "<=", "created_at.lt": "<"}


def list_faxes(world: World, request: Request) -> Response:
    """GET /faxes: newest first, which Telnyx does not document."""
    where, values = "1", []
    for name, given in filters(request, [*COLUMNS, *TIMES]).items():
        where += f" AND {COLUMNS[name]} = ?" if name in COLUMNS else f" AND created_at {TIMES[name]} ?"
        values.append(given[-1] if name in COLUMNS else time_filter(name, given[-1]))
    if world.options.listing_lag:
        where += " AND accepted_at <= ?"
        values.append(world.now() - world.options.listing_lag)
    page = page_of(request, largest=world.options.max_page_size, clamp=True)
    with world.store.lock:
        total = world.store.count_faxes(where, values)
        found = world.store.list_shown(where, values, page.size, page.offset)
    omitted = _omitted(world)
    return listing_of_texts([_text(shown, hidden, omitted) for shown, hidden in found], page, total)


def visible(world: World, fax: Fax) -> dict[str, Any]:
    """The fax as GET answers show it."""
    hidden = {*fax.plan.hidden, *_omitted(world)}
    return {name: value for name, value in fax.shown.items() if name not in hidden}


def _omitted(world: World) -> set[str]:
    """The fields that no fax shows."""
    return {*world.options.omit_fields, *(() if world.options.page_count_on_fax else COUNTS)}


def _text(shown: str, hidden: str, omitted: set[str]) -> str:
    if not omitted and hidden == "[]":
        return shown
    left_out = {*json.loads(hidden), *omitted}
    return json.dumps({name: value for name, value in json.loads(shown).items() if name not in left_out})


def get_fax(world: World, request: Request, fax_id: str) -> Response:
    return data(visible(world, find(world, fax_id)))


def find(world: World, fax_id: str) -> Fax:
    fax = world.store.fax(fax_id)
    if fax is None:
        raise not_found("The requested fax does not exist.")
    return fax


def delete_fax(world: World, request: Request, fax_id: str) -> Response:
    with world.store.transaction():
        world.store.remove_fax(find(world, fax_id).id)
    return Response(204)


def cancel_fax(world: World, request: Request, fax_id: str) -> Response:
    with world.store.transaction():
        fax = find(world, fax_id)
        if fax.shown["direction"] == "inbound":
            raise unprocessable("This command can only be issued for outbound fax.", code="90081")
        if fax.status not in lifecycle.OPEN_OUTBOUND:
            raise unprocessable(f"This command cannot be issued when a fax is {fax.status}.", code="90080")
        lifecycle.cancel(world, fax)
    world.changed.set()
    return data({"result": "ok"}, 202)


def refresh_fax(world: World, request: Request, fax_id: str) -> Response:
    """A new media_url for a received fax, to be seen by GET. The code for outbound faxes is documented nowhere."""
    with world.store.transaction():
        fax = find(world, fax_id)
        if fax.shown["direction"] != "inbound":
            raise unprocessable("This command can only be issued for inbound fax.", code="90081")
        if not lifecycle.has_media(fax):
            raise unprocessable(f"A fax that is {fax.status} has no media to refresh.", code="90080")
        fax.shown.update(media_url=lifecycle.media_link(world, fax), updated_at=iso(world.now()))
        world.store.save_fax(fax)
    return data({"result": "ok"})


def send_fax(world: World, request: Request) -> Response:
    """POST /faxes: accepted means queued. The document behind a media_url is fetched later, and may fail the fax."""
    form = request.form
    fields = Fields(_accepted(form), as_text=form.multipart)
    said = {"direction": "outbound", "status": "queued", **_common(fields), **_options(fields)}
    application = _application(world, fields, said["connection_id"])
    file = _contents(world, fields, form) if form.multipart else _media(world, fields)
    preview = _preview_format(fields)
    fields.done()
    sources = {name: fields.text(name) for name in ("media_url", "media_name") if fields.given(name)}
    plan = _plan(world, said, application)
    plan.file, plan.preview_format = file.sha256 if file else "", preview
    at = world.now()
    fax = Fax({**lifecycle.blank(application, at), **said, **sources}, at, None, plan)
    with world.store.transaction():
        lifecycle.begin(world, fax)
    world.changed.set()
    return data(fax.shown, 202)


def _accepted(form: Form) -> Mapping[str, Any]:
    return {name: form.values.get(name) for name in MULTIPART_FIELDS} if form.multipart else form.values


def _common(fields: Fields) -> dict[str, str]:
    text = "must be in +E.164 format."
    return {
        "connection_id": fields.text("connection_id", required=True),
        "from": fields.matching("from", E164.fullmatch, "10016", f"The from parameter {text}", required=True),
        "to": fields.matching("to", _is_destination, "10016", f"The to parameter {text}", required=True),
    }


def _is_destination(value: str) -> bool:
    return bool(E164.fullmatch(value) or SIP_URI.fullmatch(value))


def _options(fields: Fields) -> dict[str, Any]:
    """What may be said about how to send; left out of the object where it was not said and has no default."""
    base64 = "The client_state parameter must be a valid base64 string."
    name = "from_display_name has at most 128 letters, digits, spaces and -_~!.+ characters."
    given = {
        "client_state": fields.matching("client_state", is_base64, "90017", base64),
        "from_display_name": fields.matching("from_display_name", DISPLAY_NAME.fullmatch, "10015", name),
        "webhook_url": fields.url("webhook_url"),
    }
    fields.flag("t38_enabled", True)
    fields.flag("monochrome", False)
    fields.whole("black_threshold", 1, 100, 95)
    always = {"quality": fields.choice("quality", QUALITIES, "high"), "store_media": fields.flag("store_media", False)}
    return always | {key: value for key, value in given.items() if value}


def _application(world: World, fields: Fields, connection_id: str) -> dict[str, Any]:
    application = world.store.object("fax_application", connection_id) or {}
    if connection_id and not application.get("active"):
        fields.complain("connection_id", "10017", "connection_id is not the id of an active fax application.")
    return application


def _contents(world: World, fields: Fields, form: Form) -> File | None:
    upload = form.files.get("contents")
    if upload is None and "contents" not in form.values:
        fields.complain("contents", "10004", "The contents parameter is required.")
    elif upload is None or not upload.filename:
        fields.complain("contents", "10027", "The contents parameter must be a file with a file name.")
    elif len(upload.content) > world.options.max_upload_bytes:
        fields.complain("contents", "10027", f"The file is larger than {world.options.max_upload_bytes} bytes.")
    elif not fields.problems:
        return world.keep(upload.content)
    return None


def _media(world: World, fields: Fields) -> File | None:
    """The stored file behind media_name; None for a media_url, which is fetched later."""
    if fields.given("media_url") == fields.given("media_name"):
        fields.complain("media_url", "10004", "Give exactly one of media_url and media_name.")
    if fields.given("media_url"):
        fields.url("media_url", required=True)
        return None
    if fields.flag("store_media", False):
        fields.complain("store_media", "10027", "store_media and media_name can't be submitted together.")
    media = world.store.object("media", fields.text("media_name"))
    if fields.given("media_name") and (media is None or media["expires"] <= world.now()):
        fields.complain("media_name", "10017", "media_name is not the name of an uploaded file.")
    return world.store.file(media["file"]) if media else None


def _preview_format(fields: Fields) -> str:
    wanted = fields.choice("preview_format", ("pdf", "tiff"), "tiff")
    return wanted if fields.flag("store_preview", False) else ""


def _plan(world: World, said: Mapping[str, Any], application: Mapping[str, Any]) -> Plan:
    scenario = scenario_for(said["to"])
    reason = _account_reason(world, said["from"], application)
    return Plan(
        fails_in="media.processed" if reason else scenario.fails_in,
        failure_reason=reason or scenario.failure_reason,
        slowness=scenario.slowness,
        webhooks=scenario.webhooks,
        hidden=list(scenario.hidden),
    )


def _account_reason(world: World, sender: str, application: Mapping[str, Any]) -> str:
    """Why an accepted fax cannot be called out: the number is not ours, or nothing pays for the call."""
    if world.application_of(sender) is None:
        return "unverified_origination_number"
    profile = world.store.object("outbound_voice_profile", application["outbound"]["outbound_voice_profile_id"] or "")
    return "" if profile and profile["enabled"] else "no_outbound_profile"
