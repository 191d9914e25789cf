"""Is every file in the storage that should be, unchanged, and nothing else? Safe while the portal works.

The row of a document comes before its file and goes after it. So the files are listed first, and then their rows are
looked up; and what looks wrong is looked at once more before it is told, as it may have been deleted in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from typing import cast
from uuid import UUID

from django.core.files.storage import storages
from django.utils import timezone

from faxes.files import digest, name_of, storage_of
from faxes.models import Document
from faxes.storage.base import PieceStorage, StorageError
from faxes.storage.sealing import BrokenSeal, UnknownKey

BATCH = 500
# Longer than any file takes to be stored.
SOON = timedelta(hours=1)
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Kind(StrEnum):
    MISSING = "missing"
    ALTERED = "altered"
    UNREADABLE = "unreadable"
    ORPHANED = "orphaned"
    # Somebody died over it, and the purge comes for it. Nothing is lost.
    UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Finding:
    kind: Kind
    name: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}  {self.name}  {self.detail}"


@dataclass
class Tally:
    files: int = 0
    documents: int = 0


def verify(tally: Tally, *, quick: bool) -> Iterator[Finding]:
    """What is wrong, one after the other. `quick` compares sizes, and reads no file.

    Raises OSError where the storage itself cannot be asked.
    """
    yield from _files(tally)
    yield from _documents(tally, quick=quick)


def _files(tally: Tally) -> Iterator[Finding]:
    storage = cast(PieceStorage, storages["default"])
    for names in _batches(storage.walk()):
        tally.files += len(names)
        suspects = [name for name, why in _explained(names).items() if why]
        for name, why in _explained(suspects).items():
            if why and storage.exists(name):
                yield Finding(*why)


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(names, BATCH)):
        yield batch


def _explained(names: Iterable[str]) -> dict[str, tuple[Kind, str, str] | None]:
    """What is wrong with each file, going by the rows as they are now."""
    ids = {name: UUID(found[0]) for name in names if (found := ID.search(name))}
    rows = Document.objects.in_bulk(set(ids.values()))
    return {name: _wrong_with_file(name, rows.get(ids[name]) if name in ids else None) for name in names}


def _wrong_with_file(name: str, row: Document | None) -> tuple[Kind, str, str] | None:
    if row is None:
        return Kind.ORPHANED, name, "no document has it"
    if name.startswith("pages/"):
        is_gone = row.purged_at is not None and not name_of(row)
        return (Kind.ORPHANED, name, "picture of a page that was deleted") if is_gone else None
    if name_of(row) != name:
        return Kind.ORPHANED, name, "its document has another file"
    if row.purged_at is not None:
        return Kind.UNFINISHED, name, "written off, and not deleted yet"
    return None


def _documents(tally: Tally, *, quick: bool) -> Iterator[Finding]:
    for document in every():
        tally.documents += 1
        if (found := _wrong_with(document, quick=quick)) is None:
            continue
        # Once more, as it may have been removed, or sealed anew under another name.
        again = Document.objects.filter(pk=document.pk, purged_at=None).first()
        if again is not None and (found := _wrong_with(again, quick=quick)):
            yield found


def every() -> Iterator[Document]:
    """All documents that were not purged, in the order of their ids, few in memory at a time.

    No cursor is held open, which would keep an old state of the database alive for hours.
    """
    rows = Document.objects.filter(purged_at=None).order_by("pk")
    batch = list(rows[:BATCH])
    while batch:
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])


def _wrong_with(document: Document, *, quick: bool) -> Finding | None:
    name = f"{document.pk}  {name_of(document)}"
    if document.stored_at is None:
        is_old = document.created_at < timezone.now() - SOON
        return Finding(Kind.UNFINISHED, name, "never stored in full") if is_old else None
    try:
        wrong = _changed(document, quick=quick)
    except FileNotFoundError:
        return Finding(Kind.MISSING, name, "the file is not there")
    except (BrokenSeal, UnknownKey) as error:
        return Finding(Kind.ALTERED, name, str(error))
    except StorageError:
        raise
    except OSError as error:
        return Finding(Kind.UNREADABLE, name, error.strerror or type(error).__name__)
    return Finding(Kind.ALTERED, name, wrong) if wrong else None


def _changed(document: Document, *, quick: bool) -> str:
    """How the stored file differs from what was stored; empty where it does not. Raises OSError."""
    size = storage_of(document).size(name_of(document))
    if size != document.bytes:
        return f"{size} bytes instead of {document.bytes}"
    if quick or digest(document) == (document.sha256, document.bytes):
        return ""
    return "the SHA-256 is another one"
