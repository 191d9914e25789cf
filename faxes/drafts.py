"""A sheet being composed: its files, checked as they are added, until it is sent once."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from accounts.models import Team, User
from documents import MAX_BYTES, MAX_PAGES, DocumentError, inspect
from documents.errors import too_large
from faxes.files import discard, store
from faxes.models import Batch, Document


def open_batch(*, by: User, batch_id: UUID) -> Batch:
    """The person's own sheet of that id, made when it is new. Raises PermissionDenied for somebody else's."""
    Batch.objects.bulk_create([Batch(id=batch_id, created_by=by)], ignore_conflicts=True)
    batch = Batch.objects.get(pk=batch_id)
    if batch.created_by_id != by.pk:
        raise PermissionDenied
    return batch


def take(*, by: User, batch_id: UUID, team: Team | None) -> tuple[Batch, bool]:
    """Use the sheet's one-use token. False when it has been used: then what it sent stands."""
    batch = open_batch(by=by, batch_id=batch_id)
    unused = Batch.objects.filter(pk=batch.pk, sent_at=None)
    taken = unused.update(sent_at=timezone.now(), team=team) == 1
    batch.refresh_from_db()
    return batch, taken


def add_file(*, by: User, batch_id: UUID, upload: UploadedFile[Any]) -> Document:
    """Check an uploaded file and put it at the end of the sheet.

    Raises ValidationError with a sentence that names the file and the remedy; nothing is kept of a refused file.
    """
    with transaction.atomic():
        _unsent(by, batch_id)
    name = upload.name or "file"
    if (upload.size or 0) > MAX_BYTES:
        # Only its beginning has been kept (faxes/uploads.py).
        raise ValidationError({"documents": str(too_large(name, upload.size or 0, MAX_BYTES))})
    with tempfile.NamedTemporaryFile() as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        path = Path(copy.name)
        try:
            inspected = inspect(path, name=name)
        except DocumentError as error:
            raise ValidationError({"documents": str(error)}) from error
        document = store(path, inspected, kind=Document.Kind.UPLOAD, name=name)
    try:
        _put_last(document, by, batch_id)
    except ValidationError:
        discard(document)
        raise
    return document


def _put_last(document: Document, by: User, batch_id: UUID) -> None:
    """Only now does the file belong to the sheet: two that arrive at once get two places and share one limit."""
    with transaction.atomic():
        batch = _unsent(by, batch_id)
        taken = batch.documents.aggregate(pages=Sum("pages"), last=Max("position"))
        if document.pages + (taken["pages"] or 0) > MAX_PAGES:
            raise ValidationError(
                {"documents": f"With “{document}” the fax has more than {MAX_PAGES} pages. Send it separately."}
            )
        document.batch, document.position = batch, (taken["last"] or 0) + 1
        document.save(update_fields=["batch", "position"])


def remove_file(*, by: User, batch_id: UUID, document_id: UUID) -> None:
    with transaction.atomic():
        document = _unsent(by, batch_id).documents.filter(pk=document_id).first()
        if document is not None:
            discard(document)


def reorder(*, by: User, batch_id: UUID, document_ids: Sequence[UUID]) -> None:
    """Put the sheet's files in this order; files that are not named follow in their old order."""
    with transaction.atomic():
        documents = list(_unsent(by, batch_id).documents.all())
        place = {document_id: index for index, document_id in enumerate(document_ids)}
        documents.sort(key=lambda document: place.get(document.pk, len(place)))
        for position, document in enumerate(documents, start=1):
            document.position = position
        Document.objects.bulk_update(documents, ["position"])


def _unsent(by: User, batch_id: UUID) -> Batch:
    """The person's sheet, locked until the transaction ends: nothing changes on a sheet while it is being sent."""
    open_batch(by=by, batch_id=batch_id)
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.sent_at is not None:
        raise ValidationError("This fax has been sent already. Start a new one.")
    return batch
