"""Bring the pages of received faxes home while Telnyx has them: its links live ten minutes, its files seven days.

1. Claim one fax whose pages are not here yet. That counts the try, so that a file that kills its worker is taken up
   ever more rarely, like all that fails.
2. Fetch what its link leads to. Where the link is dead, Telnyx is asked for a new one.
3. Check the file: a PDF or TIFF that can be read, or nothing is kept of it.
4. Store it, with a PDF of it where it is a TIFF, then say so in one transaction. What a worker that dies in between has
   stored has an id made of its claim, so that the next one finds it and removes it.

https://developers.telnyx.com/docs/programmable-fax/receive-a-fax-via-api
"""

from __future__ import annotations

import tempfile
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.db import DatabaseError, models, transaction
from django.db.models import F
from django.utils import timezone

from applications.models import FaxApplication
from documents import DocumentError, Inspected, inspect, merge
from faxes import scratch, timeline
from faxes.claims import backoff, claim
from faxes.fetch import FetchError
from faxes.files import discard, store
from faxes.models import Document, Fax
from faxes.outbox import KEPT_AT_TELNYX
from faxes.pictures import warm
from faxes.rescue import bring
from faxes.states import Media
from wake import wake

log = structlog.get_logger(__name__)

# Longer than two downloads that run into their deadlines, and the check of what they brought.
LEASE = timedelta(minutes=10)
# Where the trouble is ours, nothing speaks for waiting long once it is mended.
RAREST, RAREST_FOR_OURS = timedelta(hours=4), timedelta(minutes=10)
# After a worker has died: the next one is not to be lost as quickly.
AFTER_DEATH = timedelta(minutes=1)
# Workers are stopped now and then, but hardly three times in a row over the same fax.
MANY_DEATHS = 3

PDF, TIFF = "application/pdf", "image/tiff"
# The limit of 350 pages is told of faxes that are sent. What comes in is kept as long as it fits into the largest file.
MOST_PAGES = 1000
# What is wrong with a file, by the code of its DocumentError. Nobody here can save it again, so no remedy is named.
FAULTS = {
    "empty": "The file is empty.",
    "unsupported": "What came is not the PDF or TIFF file of a fax.",
    "encrypted": "The file is protected with a password.",
    "broken": "The file is damaged and cannot be read in full.",
    "too_large": "The file is larger than a fax can be.",
    "too_many_pages": "The file has more pages than a fax can have.",
    "bomb": "The file unpacks to far more than fits on fax pages.",
}
STOPPED = "The worker was stopped while it copied the pages."


def drain() -> int:
    """Archive until nothing is due. Returns how many faxes were taken up."""
    recover_abandoned()
    count, arrived = 0, []
    while fax := archive_next():
        count += 1
        if fax.document is not None:
            arrived.append(fax.document)
    # Only now: the links of other faxes do not wait for pictures.
    for document in arrived:
        warm(document)
    return count


def archive_next() -> Fax | None:
    """Take up one fax. Returns it, with its document where that is here now; None when nothing is due."""
    # One that somebody else has in hand, or had until he died, is recovered first.
    free = Fax.objects.filter(media=Media.WAITING, owner=None)
    fax: Fax | None = claim(free, lease=LEASE, tries=F("tries") + 1)
    if fax is None:
        return None
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        try:
            _archive(fax)
        except (DatabaseError, ValueError) as error:
            # Whatever is wrong with one fax must not keep the others waiting. Where the database is away altogether,
            # nothing can be said of this one either, and the sweep comes back.
            log.error("archive.stumbled", error=type(error).__name__)
            _try_later(fax, "stumbled", "What Telnyx says of it, or its file, could not be recorded here.")
    return fax


def recover_abandoned() -> None:
    """Faxes whose worker died over them wait for the next one."""
    for fax in Fax.objects.filter(media=Media.WAITING, leased_until__lt=timezone.now()):
        deaths = int(fax.problem.get("deaths", 0)) + 1
        log.error("archive.worker_died", fax_id=str(fax.pk), deaths=deaths)
        if deaths < MANY_DEATHS:
            _try_later(fax, "worker_stopped", STOPPED, deaths=deaths)
        else:
            _try_later(
                fax, "kills_workers", f"{deaths} workers in a row ended while they copied the pages.", deaths=deaths
            )


def _archive(fax: Fax) -> None:
    try:
        _clear_up(fax)
        with tempfile.TemporaryDirectory(dir=scratch.folder()) as folder:
            path = Path(folder) / "received"
            bring(fax, path)
            document, original = _kept(fax, path)
    except FetchError as error:
        _try_later(fax, error.reason, str(error))
    except DocumentError as error:
        _try_later(fax, error.code, FAULTS[error.code])
    except OSError as error:
        # Disk full, storage away: nothing is wrong with the fax, so it waits.
        log.error("archive.storage", error=str(error))
        _try_later(fax, "storage", f"The pages could not be stored here: {error.strerror or error}.")
    else:
        _archived(fax, document, original)


def _kept(fax: Fax, path: Path) -> tuple[Document, Document | None]:
    """What came, stored: the document to show, and the original where that is another file. Raises DocumentError for
    what is no fax, and OSError."""
    came = inspect(path, name="The received file", max_pages=MOST_PAGES)
    if came.content_type not in (PDF, TIFF):
        raise DocumentError("unsupported", FAULTS["unsupported"])
    shown, looks = path.with_name("fax.pdf"), None
    if came.content_type == TIFF:
        looks = _as_pdf(path, shown)
    name, ids = f"fax.{came.extension}", _ids(fax)
    original = store(path, came, kind=Document.Kind.RECEIVED, name=name, id=ids[Document.Kind.RECEIVED])
    if looks is None:
        return original, None
    preview = store(shown, looks, kind=Document.Kind.PREVIEW, name=shown.name, id=ids[Document.Kind.PREVIEW])
    return preview, original


def _as_pdf(path: Path, out: Path) -> Inspected | None:
    """A PDF of the same dots. None where it cannot be made: then the TIFF itself is what is shown."""
    try:
        return merge([(path, "The received file")], out, max_pages=MOST_PAGES)
    except DocumentError as error:
        log.warning("archive.no_pdf", reason=error.code)
        return None


def _archived(fax: Fax, document: Document, original: Document | None) -> None:
    with transaction.atomic():
        # As it is now: more may have been told of it since the claim.
        row = _mine(fax).select_for_update(of=("self",)).first()
        if row is not None:
            account = _account_of(row, document)
            forget = _is_to_be_deleted(row, account)
            row.document, row.original, row.media, row.problem, row.tries = document, original, Media.ARCHIVED, {}, 0
            row.owner, row.leased_until, row.due_at = None, None, timezone.now() if forget else None
            row.save(update_fields=DONE)
            timeline.note(row, "archived", **account)
            transaction.on_commit(lambda: wake("forget") if forget else None)
    if row is not None:
        fax.document = document
        return
    # Another worker has taken over: one document is enough. The purge takes what cannot be deleted now.
    for one in filter(None, (document, original)):
        with suppress(OSError):
            discard(one)


DONE = ("document", "original", "media", "problem", "tries", "owner", "leased_until", "due_at")


def _is_to_be_deleted(fax: Fax, account: dict[str, Any]) -> bool:
    """Does its application ask to have it deleted at Telnyx, now that it is here?

    Not where Telnyx announced another number of pages than came: its copy may be the better one.
    """
    if not fax.connection_id or "announced" in account:
        return False
    return FaxApplication.objects.filter(telnyx_id=fax.connection_id, delete_once_archived=True).exists()


def _account_of(fax: Fax, document: Document) -> dict[str, Any]:
    """For the timeline: what was kept, how long after we knew that it was there, at which try where not the first, and
    another page count where Telnyx told one."""
    told = fax.events.filter(kind__in=["status:received", "status:failed"]).first()
    waited = timezone.now() - (told.at if told else fax.heard_at)
    seconds = max(0.0, round(waited.total_seconds(), 1))
    account: dict[str, Any] = {"pages": document.pages, "bytes": document.bytes, "seconds": seconds}
    if fax.tries > 1:
        account["tries"] = fax.tries
    if fax.page_count not in (None, document.pages):
        account["announced"] = fax.page_count
    return account


def _try_later(fax: Fax, code: str, detail: str, **facts: Any) -> None:
    """At growing intervals for as long as Telnyx keeps the file; then the pages are missing, and people are told."""
    now = timezone.now()
    log.warning("archive.failed", reason=code)
    left = Document.objects.filter(pk__in=[*_ids(fax).values(), *fax.problem.get("left", [])])
    if ids := [str(pk) for pk in left.values_list("pk", flat=True)]:
        facts["left"] = ids
    with transaction.atomic():
        row = _mine(fax).select_for_update(of=("self",)).first()
        if row is None:
            return
        lost = _made_at(row) < now - KEPT_AT_TELNYX
        title = "The pages are missing" if lost else "The pages are not here yet"
        said: dict[str, Any] = {"code": code, "title": title, "detail": detail}
        # A link that came meanwhile is worth a try at once.
        wait = _pause(row.tries, code) if row.media_url == fax.media_url else timedelta(0)
        row.problem, row.owner, row.leased_until = said | facts, None, None
        row.media, row.due_at = (Media.MISSING, None) if lost else (Media.WAITING, now + wait)
        row.save(update_fields=["problem", "owner", "leased_until", "media", "due_at"])
        # The detail may hold the number of a request, and would be news each time.
        if any(fax.problem.get(key) != said[key] for key in ("code", "title")):
            timeline.note(row, "media_missing" if lost else "media_failed", **said)
    if not lost:
        wake("archive", after=wait.total_seconds())


def _made_at(fax: Fax) -> datetime:
    """When Telnyx began to keep its pages: as it says, unless that is no time at which we could hear of it so."""
    is_likely = fax.heard_at - KEPT_AT_TELNYX < fax.created_at < fax.heard_at
    return fax.created_at if is_likely else fax.heard_at


def _pause(tries: int, code: str) -> timedelta:
    """Before the next try. Somebody who asks for one sets their number to naught."""
    begun = max(tries - 1, 0)
    if code in ("worker_stopped", "kills_workers"):
        return backoff(begun, first=AFTER_DEATH.total_seconds(), most=RAREST.total_seconds())
    rarest = RAREST_FOR_OURS if code in ("storage", "stumbled") else RAREST
    return backoff(begun, most=rarest.total_seconds())


def _ids(fax: Fax) -> dict[Document.Kind, uuid.UUID]:
    """Under which ids the worker that has the fax in hand stores what it brings."""
    kinds = (Document.Kind.RECEIVED, Document.Kind.PREVIEW)
    return {kind: uuid.uuid5(fax.owner, kind) for kind in kinds} if fax.owner else {}


def _clear_up(fax: Fax) -> None:
    """Remove what earlier tries stored and could not finish. Raises OSError."""
    for document in Document.objects.filter(pk__in=fax.problem.get("left", [])):
        discard(document)


def _mine(fax: Fax) -> models.QuerySet[Fax]:
    return Fax.objects.filter(pk=fax.pk, owner=fax.owner, media=Media.WAITING)
