"""Make the one document that leaves: every file of the batch checked, converted and merged into a PDF.

`tries` counts the workers that began and never came to an end: a document that kills them must not do so for ever.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from documents import UPLOAD_MAX, DocumentError, merge
from faxes import outbox, scratch, timeline
from faxes.claims import claim
from faxes.files import discard, local_path, store
from faxes.links import can_link
from faxes.models import Document, Fax
from faxes.states import Outbox
from faxes.storage.sealing import BrokenSeal
from wake import wake

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=10)
SOONEST, LATEST = timedelta(seconds=2), timedelta(minutes=10)
# Workers are stopped now and then, but hardly three times over the same fax.
MOST_DEATHS = 3
# A file that is not where it was stored may be on a disk that is not mounted. After this long it is lost.
HOPE = timedelta(minutes=30)


def drain() -> int:
    """Prepare until nothing is due. Returns how many faxes were taken up."""
    count = 0
    while prepare_next():
        count += 1
    return count


def prepare_next() -> bool:
    fax = claim(Fax.objects.filter(outbox=Outbox.PREPARING), lease=LEASE, tries=F("tries") + 1)
    if fax is None:
        return False
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        if fax.tries > MOST_DEATHS:
            _refuse(fax, "too_hard", TOO_HARD)
        else:
            _prepare(fax)
    return True


def _prepare(fax: Fax) -> None:
    try:
        document = _siblings_document(fax) or _merged(fax)
    except DocumentError as error:
        _refuse(fax, error.code, str(error))
    except (FileNotFoundError, BrokenSeal) as error:
        log.error("prepare.file_lost", error=str(error))
        if fax.created_at > timezone.now() - HOPE:
            _wait(fax)
        else:
            _refuse(fax, "lost", LOST)
    except OSError as error:
        # Disk full, storage away: nothing is wrong with the fax, so it waits.
        log.error("prepare.storage", error=str(error))
        _wait(fax)
    else:
        _hand_on(fax, document)


def _refuse(fax: Fax, code: str, detail: str) -> None:
    outbox.refuse(fax, problem={"code": code, "title": "The document cannot be faxed", "detail": detail})


def _wait(fax: Fax) -> None:
    """The longer it has waited, the longer it waits: after a quarter of its age, within bounds."""
    now = timezone.now()
    due_at = now + min(max((now - fax.created_at) / 4, SOONEST), LATEST)
    mine = Fax.objects.filter(pk=fax.pk, owner=fax.owner, outbox=Outbox.PREPARING)
    mine.update(due_at=due_at, tries=0, owner=None, leased_until=None)
    wake("prepare", after=(due_at - now).total_seconds())


def _siblings_document(fax: Fax) -> Document | None:
    """A batch to several recipients is merged once."""
    done = Fax.objects.filter(batch=fax.batch, document__purged_at=None, document__isnull=False).exclude(batch=None)
    sibling = done.select_related("document").first()
    return sibling.document if sibling else None


def _merged(fax: Fax) -> Document:
    assert fax.batch is not None
    with tempfile.TemporaryDirectory(dir=scratch.folder()) as folder, ExitStack() as files:
        sources = [(files.enter_context(local_path(part)), part.name) for part in fax.batch.documents.all()]
        out = Path(folder) / "fax.pdf"
        result = merge(sources, out)
        if result.bytes > UPLOAD_MAX and not can_link():
            raise DocumentError("too_large", TOO_LARGE)
        return store(out, result, kind=Document.Kind.OUTGOING, name="fax.pdf")


TOO_HARD = (
    "Its files could not be put together: the attempt broke off each time. Print them to a new PDF and send that."
)
LOST = "One of its files is no longer whole in the storage. Start a new fax and add the files once more."
TOO_LARGE = (
    f"The pages together are larger than {UPLOAD_MAX // 1_000_000} MB, the most that can be handed to Telnyx here. "
    "Send them as two faxes, or scan them in black and white."
)


def _hand_on(fax: Fax, document: Document) -> None:
    with transaction.atomic():
        mine = Fax.objects.filter(pk=fax.pk, owner=fax.owner, outbox=Outbox.PREPARING)
        won = mine.update(
            outbox=Outbox.READY, document=document, due_at=timezone.now(), owner=None, leased_until=None, tries=0
        )
        if won:
            timeline.note(fax, "prepared", pages=document.pages, bytes=document.bytes)
            transaction.on_commit(lambda: wake("submit"))
    if not won and not document.faxes.exists():
        # Cancelled meanwhile, or another worker was quicker.
        discard(document)
