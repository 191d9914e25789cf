"""Bring the pages of received faxes home while Telnyx has them: its links live ten minutes, its files seven days.

1. Claim one fax whose pages are not here yet and fetch what its link leads to.
2. When the link is dead, ask Telnyx for a new one and fetch once more. Whatever fails is tried again, ever more rarely.
3. Check the file: a PDF or TIFF that can be read, or nothing is kept of it.
4. Store it, then say so in one transaction. A worker that dies in between leaves a file that nothing refers to.

https://developers.telnyx.com/docs/programmable-fax/receive-a-fax-via-api
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from django.db import models, transaction
from django.utils import timezone

from applications.telnyx import client
from documents import DocumentError, Inspected, inspect
from faxes import timeline
from faxes.claims import backoff, claim
from faxes.fetch import FetchError, fetch
from faxes.files import discard, store
from faxes.mirror import Report, apply_remote
from faxes.models import Document, Fax, FaxEvent
from faxes.outbox import KEPT_AT_TELNYX
from faxes.states import Media
from telnyx_api import Refused, TelnyxError
from wake import wake

log = structlog.get_logger(__name__)

# Longer than two downloads that run into their deadlines, and the check of what they brought.
LEASE = timedelta(minutes=10)
RAREST = timedelta(hours=4)

FAX_FILES = ("application/pdf", "image/tiff")
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


def drain() -> int:
    """Archive until nothing is due. Returns how many faxes were taken up."""
    count = 0
    while archive_next():
        count += 1
    return count


def archive_next() -> bool:
    fax = claim(Fax.objects.filter(media=Media.WAITING), lease=LEASE)
    if fax is None:
        return False
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        _archive(fax)
    return True


def _archive(fax: Fax) -> None:
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "received"
            _bring(fax, path)
            inspected = _checked(path)
            document = store(path, inspected, kind=Document.Kind.RECEIVED, name=f"fax.{inspected.extension}")
    except FetchError as error:
        _try_later(fax, error.reason, str(error))
    except DocumentError as error:
        _try_later(fax, error.code, FAULTS[error.code])
    except OSError as error:
        # Disk full, storage away: nothing is wrong with the fax, so it waits.
        _try_later(fax, "storage", f"The pages could not be stored here: {error.strerror or error}.")
    else:
        _archived(fax, document)


def _bring(fax: Fax, path: Path) -> None:
    """Fetch the file, by a new link where the one we have is dead. Raises FetchError, and OSError for our own disk."""
    try:
        _download(fax.media_url, path)
    except FetchError as error:
        if not error.link_dead:
            raise
        log.info("archive.link_dead", reason=error.reason)
        _download(_new_link(str(fax.telnyx_id)), path)


def _download(link: str, path: Path) -> None:
    if not link:
        raise FetchError("no_link", "Telnyx has not said yet where the pages are.", link_dead=True)
    with path.open("wb") as file:
        fetch(link, file)


def _new_link(telnyx_id: str) -> str:
    """Have Telnyx renew the link, then ask for the fax, which should name it; empty where it does not.

    Where a new link appears is not documented. Should it come by webhook, the next try finds it on the fax.
    https://developers.telnyx.com/api-reference/programmable-fax-commands/refresh-a-fax
    """
    try:
        with client() as telnyx:
            # A fax that cannot be refreshed, such as a failed one, may have a good link all the same.
            with suppress(Refused):
                telnyx.refresh_fax(telnyx_id)
            answer = telnyx.get_fax(telnyx_id)
    except (TelnyxError, ValueError) as error:
        raise FetchError("no_new_link", f"The link is dead, and Telnyx gave no new one. {error}") from error
    apply_remote(Report.of_fax(answer, source=FaxEvent.Source.ANSWER, retrieved=True))
    return answer.media_url or ""


def _checked(path: Path) -> Inspected:
    inspected = inspect(path, name="The received file")
    if inspected.content_type not in FAX_FILES:
        raise DocumentError("unsupported", FAULTS["unsupported"])
    return inspected


def _archived(fax: Fax, document: Document) -> None:
    with transaction.atomic():
        won = _mine(fax).update(
            media=Media.ARCHIVED, document=document, problem={}, tries=0, due_at=None, owner=None, leased_until=None
        )
        if won:
            timeline.note(fax, "archived", **_account_of(fax, document))
    if not won:
        # Another worker has taken over: one document is enough.
        discard(document)


def _account_of(fax: Fax, document: Document) -> dict[str, Any]:
    """For the timeline: what was kept, how long after we knew of it, and another page count where Telnyx told one."""
    received = fax.events.filter(kind="status:received").first()
    since = received.at if received else fax.created_at
    seconds = round((timezone.now() - since).total_seconds())
    account: dict[str, Any] = {"pages": document.pages, "bytes": document.bytes, "seconds": seconds}
    # Telnyx's count may have come with the new link, after the fax was claimed.
    fax.refresh_from_db(fields=["page_count"])
    if fax.page_count not in (None, document.pages):
        account["announced"] = fax.page_count
    return account


def _try_later(fax: Fax, code: str, detail: str) -> None:
    """At growing intervals for as long as Telnyx keeps the file; then the pages are missing, and people are told."""
    now = timezone.now()
    log.warning("archive.failed", reason=code)
    problem: dict[str, Any] = {"code": code, "title": "The pages are not here yet", "detail": detail}
    wait = backoff(fax.tries, most=RAREST.total_seconds())
    if lost := fax.created_at < now - KEPT_AT_TELNYX:
        problem["title"] = "The pages are missing"
    ending = {"media": Media.MISSING, "due_at": None} if lost else {"due_at": now + wait, "tries": fax.tries + 1}
    with transaction.atomic():
        won = _mine(fax).update(problem=problem, owner=None, leased_until=None, **ending)
        if won and problem != fax.problem:
            timeline.note(fax, "media_missing" if lost else "media_failed", **problem)
    if not lost:
        wake("archive", after=wait.total_seconds())


def _mine(fax: Fax) -> models.QuerySet[Fax]:
    return Fax.objects.filter(pk=fax.pk, owner=fax.owner, media=Media.WAITING)
