"""How faxes move on their own: one step at a time, each due at its moment, so that time can be walked by hand.

The statuses and their order: https://developers.telnyx.com/docs/programmable-fax/send-a-fax-via-api
"""

import uuid
from collections.abc import Mapping
from typing import Any

from telnyx_sandbox import deliveries, documents
from telnyx_sandbox.documents import DownloadError
from telnyx_sandbox.store import Due, Fax, File, Plan
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import World

NEXT = {
    "queued": "media.processed",
    "media.processed": "originated",
    "originated": "sending",
    "sending": "delivered",
    "initiated": "receiving",
    "receiving": "media.processing",
    "media.processing": "received",
}
OPEN_OUTBOUND = ("queued", "media.processed", "originated", "sending")

EVENTS = {
    "queued": "fax.queued",
    "media.processed": "fax.media.processed",
    "sending": "fax.sending.started",
    "delivered": "fax.delivered",
    "receiving": "fax.receiving.started",
    "media.processing": "fax.media.processing.started",
    "received": "fax.received",
    "failed": "fax.failed",
}

# Seconds in a status at speed 1; pages are sent in a second each, where a real machine takes half a minute.
STAYS = {
    "queued": 1.0,
    "media.processed": 1.0,
    "originated": 1.5,
    "initiated": 0.5,
    "media.processing": 1.0,
}
SECONDS_PER_PAGE = 1.0
CANCEL_SECONDS = 0.5


def call_seconds(pages: int) -> int:
    """The length a real call would have: it is reported, not waited for."""
    return 13 + 25 * pages


def blank(application: Mapping[str, Any], at: float) -> dict[str, Any]:
    """What every new fax shows. An application without URLs is one that has just been deleted."""
    return {
        "record_type": "fax",
        "id": str(uuid.uuid4()),
        "quality": "high",
        "webhook_url": application.get("webhook_event_url") or "",
        "webhook_failover_url": application.get("webhook_event_failover_url") or "",
        "created_at": iso(at),
        "failure_reason": None,
        "internal_failure_reason": None,
    }


def begin(world: World, fax: Fax) -> None:
    """Puts a new fax into the world, with its first event. Inside a transaction."""
    _enter(world, fax, fax.status, fax.accepted_at)
    world.store.add_faxes([fax])


def receive(world: World, *, to: str, from_: str, plan: Plan, at: float) -> Fax | None:
    """An inbound fax begins at one of our numbers: None where nobody is there. Inside a transaction."""
    connection_id = world.application_of(to)
    if not connection_id:
        return None
    application = world.store.object("fax_application", connection_id) or {}
    ends = {"direction": "inbound", "from": from_, "to": to, "status": "initiated"}
    fax = Fax({**blank(application, at), **ends, "connection_id": connection_id}, at, None, plan)
    begin(world, fax)
    return fax


def move(world: World, due: Due) -> None:
    """Takes the step of a fax that was due, unless that has happened already or the fax is gone. What must be fetched
    for it is fetched before anything is locked.
    """
    fetched = _fetch(world, due.id)
    with world.store.transaction():
        fax = world.store.fax(due.id)
        if fax is None or fax.due_at != due.at:
            return
        fax.plan.file = fetched.sha256 if isinstance(fetched, File) else fax.plan.file
        _step(world, fax, due.at, fetched if isinstance(fetched, str) else _reason_to_fail(world, fax))
        world.store.save_fax(fax)


def finish(world: World, fax: Fax) -> None:
    """All steps that a received fax has before it, each at its own moment, however long ago. Inside a transaction."""
    while fax.due_at is not None:
        _step(world, fax, fax.due_at, _reason_to_fail(world, fax))
    world.store.save_fax(fax)


def _step(world: World, fax: Fax, at: float, reason: str) -> None:
    fax.shown["failure_reason"] = reason or None
    _enter(world, fax, "failed" if reason else NEXT[fax.status], at)


def _fetch(world: World, fax_id: str) -> File | str | None:
    """The document behind a media_url that is now needed, or the reason why it cannot be had; None: not needed."""
    fax = world.store.fax(fax_id)
    if fax is None or fax.status != "queued" or fax.plan.file or fax.plan.cancelled:
        return None
    try:
        return world.keep(documents.download(fax.shown["media_url"], world.options.max_url_bytes))
    except DownloadError as error:
        return error.reason


def _reason_to_fail(world: World, fax: Fax) -> str:
    if fax.plan.cancelled:
        return world.options.cancelled_reason
    if fax.plan.fails_in == fax.status:
        return fax.plan.failure_reason
    if fax.status == "queued":
        pages = _pages(world, fax)
        return "file_format_invalid" if not pages else "page_count_limit_exceeded" * (pages > world.options.max_pages)
    return ""


def _pages(world: World, fax: Fax) -> int:
    file = world.store.file(fax.plan.file)
    return file.pages if file else 0


def _enter(world: World, fax: Fax, status: str, at: float) -> None:
    """Everything that comes with a status: what the fax then shows, its event, what happens when."""
    fax.shown.update(status=status, updated_at=iso(at))
    if status in ("media.processed", "media.processing", "delivered", "received"):
        fax.shown["page_count"] = _pages(world, fax)
    if status in ("delivered", "received"):
        fax.shown["call_duration_secs"] = call_seconds(fax.shown["page_count"])
    if has_media(fax):
        fax.shown["media_url"] = media_link(world, fax)
    if status == "media.processed":
        fax.shown |= _stored_links(world, fax)
    fax.due_at = at + _stay(world, fax) if status in NEXT else None
    if status in EVENTS:
        event = fax.plan.flavour if status == "received" else EVENTS[status]
        deliveries.announce(world, fax, event, at, last=fax.due_at is None)
    if status == "delivered":
        _arrive(world, fax, at)


def has_media(fax: Fax) -> bool:
    """An inbound fax has arrived, or the pages that had come when it failed are kept."""
    return fax.status == "received" or (fax.status == "failed" and fax.plan.partial)


def media_link(world: World, fax: Fax) -> str:
    """Where the pages of a received fax are: a TIFF where one was sent as it is, else a PDF."""
    file = world.store.file(fax.plan.file)
    is_tiff = fax.plan.as_is and file is not None and file.content_type == "image/tiff"
    return world.link(f"{fax.id}.{'tiff' if is_tiff else 'pdf'}")


def _stored_links(world: World, fax: Fax) -> dict[str, str]:
    links = {}
    if fax.shown.get("store_media"):
        links["stored_media_url"] = world.link(f"{fax.id}.pdf")
    if fax.plan.preview_format:
        links["preview_url"] = world.link(f"{fax.id}_preview.{fax.plan.preview_format}")
    return links


def _stay(world: World, fax: Fax) -> float:
    stay = STAYS.get(fax.status) or SECONDS_PER_PAGE * _pages(world, fax)
    return world.scaled(stay * fax.plan.slowness)


def _arrive(world: World, fax: Fax, at: float) -> None:
    """A fax to one of our own numbers comes out at the other end."""
    file = world.store.file(fax.plan.file)
    if file:
        receive(world, to=fax.shown["to"], from_=fax.shown["from"], plan=Plan(file=file.sha256), at=at)


def cancel(world: World, fax: Fax) -> None:
    """Lets an outbound fax end as failed a moment later. Inside a transaction."""
    fax.plan.cancelled = True
    soon = world.now() + world.scaled(CANCEL_SECONDS)
    fax.due_at = min(soon, fax.due_at or soon)
    world.store.save_fax(fax)
