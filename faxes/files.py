"""Files of faxes: checked by `documents`, stored under our id, opened again as a path on this machine.

The row of a document comes before its file and goes after it. So whoever is killed in between leaves no file that
nobody knows, but at most a row without `stored_at`, which the purge takes away some days later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from documents import Inspected
from faxes import copies, shelf
from faxes.models import Document, document_name
from faxes.storage.base import PieceStorage, StorageError


def store(path: Path, inspected: Inspected, *, kind: Document.Kind, name: str, **columns: Any) -> Document:
    """Record a checked file and copy it into the storage. Never inside a transaction, which would hide the row.

    Raises OSError where the storage does not take it; then neither file nor row is left.
    """
    document = Document(
        kind=kind,
        name=name[:255],
        sha256=inspected.sha256,
        bytes=inspected.bytes,
        pages=inspected.pages,
        content_type=inspected.content_type,
        **columns,
    )
    document.file.name = document_name(document, f"file.{inspected.extension}")
    # Raises RuntimeError inside a transaction of somebody else.
    with transaction.atomic(durable=True):
        document.save(force_insert=True)
    try:
        _put(document, path)
    except BaseException:
        # While the storage is away nobody can tell whether the file is there, and the row has to stay.
        with suppress(OSError):
            _destroy(document)
        raise
    return document


def _put(document: Document, path: Path) -> None:
    name = name_of(document)
    with path.open("rb") as source:
        saved = storage_of(document).save(name, File(source))
    if saved != name:
        storage_of(document).delete(saved)
        raise StorageError("There is a file already where this one belongs.")
    document.stored_at = timezone.now()
    if not Document.objects.filter(pk=document.pk).update(stored_at=document.stored_at):
        raise StorageError("The document was removed while it was stored.")


def discard(document: Document) -> None:
    """Remove a document nobody uses. From now on it is on no sheet; file and row go once that is certain."""
    Document.objects.filter(pk=document.pk).update(batch=None, stored_at=None)
    transaction.on_commit(lambda: _destroy(document))


def _destroy(document: Document) -> None:
    """Raises OSError, and then the row is still there."""
    _delete_files(document)
    Document.objects.filter(pk=document.pk).delete()


def remove(document: Document) -> None:
    """Delete the file and the pictures of its pages. The row stays and says what had been there.

    Raises OSError where the storage is away; then it can be called again. Never inside a transaction.
    """
    _delete_files(document)
    now = timezone.now()
    Document.objects.filter(pk=document.pk, purged_at=None).update(purged_at=now)
    document.purged_at = document.purged_at or now


def _delete_files(document: Document) -> None:
    # It may have got another name since the row was read (faxes/reencrypt.py).
    names = {name_of(document), *Document.objects.filter(pk=document.pk).values_list("file", flat=True)}
    # The file first: whoever is drawing its pages looks for it, and then keeps none of them.
    for name in names - {""}:
        storage_of(document).delete(name)
    shelf.forget(document)
    copies.drop(document)


@contextmanager
def local_path(document: Document) -> Iterator[Path]:
    """The document as a file on this machine: itself where it lies here as it is, else a copy that soon goes again.

    Raises OSError.
    """
    try:
        path = Path(document.file.path)
    except NotImplementedError:
        with copies.of(document) as path:
            yield path
    else:
        # Whether it is there at all.
        path.stat()
        yield path


def digest(document: Document) -> tuple[str, int]:
    """The SHA-256 and the number of bytes of what the storage holds. Raises OSError."""
    sha256, size = hashlib.sha256(), 0
    for piece in storage_of(document).stream(name_of(document)):
        sha256.update(piece)
        size += len(piece)
    return sha256.hexdigest(), size


def prove(document: Document) -> None:
    """See that a file which no seal proves is the very one that was stored. Raises OSError."""
    if storage_of(document).is_unproven(name_of(document)) and digest(document) != (document.sha256, document.bytes):
        raise StorageError("The file is not sealed, and not what was stored.")


def storage_of(document: Document) -> PieceStorage:
    return cast(PieceStorage, document.file.storage)


def name_of(document: Document) -> str:
    return str(document.file.name)
