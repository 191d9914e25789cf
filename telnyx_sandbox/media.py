"""Stored media (https://developers.telnyx.com/api-reference/media-storage-api) and the links to documents of faxes."""

import hmac
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from telnyx_sandbox import documents
from telnyx_sandbox.documents import DownloadError
from telnyx_sandbox.errors import not_found
from telnyx_sandbox.fields import Fields
from telnyx_sandbox.messages import Request, Response, data, filters, page_of, paginate
from telnyx_sandbox.store import Fax, File
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import World

KIND = "media"
TWO_DAYS = 2 * 24 * 3600
TWENTY_YEARS = 630_720_000
LINK_NAME = re.compile(r"([0-9a-f-]{36})(_preview)?\.(pdf|tiff)")


def _shown(media: Mapping[str, Any]) -> dict[str, Any]:
    times = {f"{name}_at": iso(media[name], "milliseconds") for name in ("created", "updated", "expires")}
    return {"media_name": media["media_name"], "content_type": media["content_type"], **times}


def _find(world: World, name: str) -> dict[str, Any]:
    media = world.store.object(KIND, unquote(name))
    if media is None or media["expires"] <= world.now():
        raise not_found("The requested media file does not exist.")
    return media


def list_media(world: World, request: Request) -> Response:
    """GET /media: in one page unless one is asked for, as no page parameters are documented."""
    found = [each for each in world.store.objects(KIND) if each["expires"] > world.now()]
    types = filters(request, ["content_type"]).get("content_type")
    wanted = [_shown(each) for each in found if not types or each["content_type"] in types]
    return paginate(wanted, page_of(request, default=250))


def upload_media(world: World, request: Request) -> Response:
    """POST /media. A name that is in use is refused, as PUT is there to replace."""
    fields = Fields(request.form.values, as_text=request.form.multipart)
    name = fields.text("media_name", str(uuid.uuid4()), longest=255)
    taken = world.store.object(KIND, name)
    if taken and taken["expires"] > world.now():
        fields.complain("media_name", "10012", "A media file with this name exists.")
    if not name or "/" in name:
        fields.complain("media_name", "10015", "media_name must be a name without slashes.")
    media = {"media_name": name, "created": world.now(), **_read(world, request, fields, required=True)}
    return _save(world, media, 201)


def update_media(world: World, request: Request, name: str) -> Response:
    media = _find(world, name)
    fields = Fields(request.form.values, as_text=request.form.multipart)
    return _save(world, media | _read(world, request, fields, required=False), 200)


def _save(world: World, media: dict[str, Any], status: int) -> Response:
    with world.store.transaction():
        world.store.put_object(KIND, media["media_name"], media)
    return data(_shown(media), status)


def _read(world: World, request: Request, fields: Fields, *, required: bool) -> dict[str, Any]:
    """What a request says about a file: its content, its type, how long it stays. Raises Refusal 422."""
    seconds = fields.whole("ttl_secs", 1, TWENTY_YEARS, TWO_DAYS)
    content = (
        _uploaded(world, request, fields, required) if request.form.multipart else _linked(world, fields, required)
    )
    fields.done()
    now = world.now()
    times = {"updated": now, "expires": now + (seconds or TWO_DAYS)}
    if content is None:
        return times
    file = world.keep(content)
    upload = request.form.files.get("media")
    kind = upload.content_type if upload and upload.content_type != "text/plain" else file.content_type
    return {**times, "file": file.sha256, "content_type": kind}


def _uploaded(world: World, request: Request, fields: Fields, required: bool) -> bytes | None:
    upload = request.form.files.get("media")
    if upload is None:
        if required or "media" in request.form.values:
            fields.complain("media", "10004", "The media parameter must be a file with a file name.")
        return None
    if len(upload.content) > world.options.max_upload_bytes:
        fields.complain("media", "10027", f"The file is larger than {world.options.max_upload_bytes} bytes.")
    return upload.content


def _linked(world: World, fields: Fields, required: bool) -> bytes | None:
    url = fields.url("media_url", required=required)
    if not url or fields.problems:
        return None
    try:
        return documents.download(url, world.options.max_upload_bytes)
    except DownloadError as error:
        fields.complain("media_url", "10027", f"The file could not be fetched: {error.reason}.")
        return None


def get_media(world: World, request: Request, name: str) -> Response:
    return data(_shown(_find(world, name)))


def delete_media(world: World, request: Request, name: str) -> Response:
    with world.store.transaction():
        world.store.remove_object(KIND, _find(world, name)["media_name"])
    return Response(204)


def download_media(world: World, request: Request, name: str) -> Response:
    media = _find(world, name)
    return Response(200, world.store.content(media["file"]), {"Content-Type": media["content_type"]})


def open_link(world: World, request: Request, name: str) -> Response:
    """GET /_media/<name>: what an S3 link does. 403 for one that has expired or was not made by this sandbox."""
    expires, signature = request.parameter("expires"), request.parameter("signature")
    if not hmac.compare_digest(world.link_signature(name, expires).encode(), signature.encode()):
        return _denied("SignatureDoesNotMatch", "The signature does not match.")
    if world.now() >= int(expires) or not world.use_link(signature):
        return _denied("AccessDenied", "Request has expired")
    match = LINK_NAME.fullmatch(name)
    fax = world.store.fax(match[1]) if match else None
    file = world.store.file(fax.plan.file) if fax else None
    if match is None or fax is None or file is None:
        raise not_found()
    if match[3] == "tiff":
        tiff = _preview(world, file) if match[2] else world.store.content(file.sha256)
        return Response(200, tiff, {"Content-Type": "image/tiff"})
    return Response(200, _document(world, fax, file), {"Content-Type": "application/pdf"})


def _denied(code: str, message: str) -> Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(403, body.encode(), {"Content-Type": "application/xml"})


def _document(world: World, fax: Fax, file: File) -> bytes:
    return documents.as_pdf(file, world.store.content(file.sha256))


def _preview(world: World, file: File) -> bytes:
    """The pages as TIFF, rendered in a process of its own: PDFium must not meet itself in another thread."""
    pdf = documents.as_pdf(file, world.store.content(file.sha256))
    command = [sys.executable, "-m", "telnyx_sandbox.preview"]
    return subprocess.run(command, input=pdf, capture_output=True, check=True, timeout=60).stdout
