"""Files of faxes: checked by `documents`, stored under our id, opened again as a path on this machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from documents import Inspected
from faxes.models import Document


def store(path: Path, inspected: Inspected, *, kind: Document.Kind, name: str, **columns: Any) -> Document:
    """Copy a checked file into the storage and record it. When the row cannot be written, the file goes too."""
    document = Document(
        kind=kind,
        name=name[:255],
        sha256=inspected.sha256,
        bytes=inspected.bytes,
        pages=inspected.pages,
        content_type=inspected.content_type,
        stored_at=timezone.now(),
        **columns,
    )
    with path.open("rb") as source:
        document.file.save(f"file.{inspected.extension}", File(source), save=False)
    try:
        document.save(force_insert=True)
    except BaseException:
        document.file.storage.delete(str(document.file.name))
        raise
    return document


def discard(document: Document) -> None:
    """Remove a document nobody uses yet; its file follows once the row is gone for certain."""
    storage, name = document.file.storage, str(document.file.name)
    document.delete()
    transaction.on_commit(lambda: storage.delete(name))


@contextmanager
def local_path(document: Document) -> Iterator[Path]:
    """The document as a file on this machine, fetched from the storage when it lives elsewhere."""
    with tempfile.NamedTemporaryFile() as copy:
        try:
            path = Path(document.file.path)
        except NotImplementedError:
            with document.file.open("rb") as stored:
                shutil.copyfileobj(stored, copy)
            copy.flush()
            path = Path(copy.name)
        yield path
