"""Bring every document under the first key: what is plain, and what another key seals. Run it once at a time.

A file opens under its own name only, so each gets a new one, which tells the key:

1. Save it under the new name. If a run that died has done so, and well, use that.
2. Read it back and compare it with the SHA-256 of the document. Drop the pictures of its pages.
3. Point the row at it, if the row still points at the old one.
4. Delete whatever else there is of the document.

Killed at any line, the next run finishes it: it finds the new file at 1 and the old one at 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import cast

from faxes import shelf
from faxes.files import digest, name_of, storage_of
from faxes.models import Document, document_name
from faxes.storage.encrypted import EncryptedStorage
from faxes.verify import every

# A file that was half written by a run that died may be in the way; the name after it is free then.
TRIES = (1, 2)


class Outcome(StrEnum):
    DONE = "sealed with the first key"
    WAS_SO = "were so already"
    GONE = "removed meanwhile"
    FAILED = "failed"


def reencrypt() -> Iterator[tuple[Document, Outcome, str]]:
    """What became of each document, and why where it failed; one that failed is as it was. Needs keys."""
    for document in every():
        if document.stored_at is None:
            continue
        try:
            yield document, _reencrypt(document), ""
        except OSError as error:
            gone = not Document.objects.filter(pk=document.pk, purged_at=None, file=name_of(document)).exists()
            yield document, Outcome.GONE if gone else Outcome.FAILED, str(error)


def _reencrypt(document: Document) -> Outcome:
    """Raises OSError."""
    storage = cast(EncryptedStorage, storage_of(document))
    seal = storage.seal_of(name_of(document))
    if seal is not None and seal.key_id == storage.keys.first:
        outcome = Outcome.WAS_SO
    else:
        outcome = _sealed_anew(document, storage)
    if outcome != Outcome.GONE:
        for name in _names(document, storage):
            if name != name_of(document):
                storage.delete(name)
    return outcome


def _sealed_anew(document: Document, storage: EncryptedStorage) -> Outcome:
    """Raises OSError; from then on the document has its new name."""
    old, new = name_of(document), _saved(document, storage)
    shelf.forget(document)
    here = Document.objects.filter(pk=document.pk, file=old, stored_at__isnull=False, purged_at=None)
    if not here.update(file=new):
        # Purged meanwhile, or somebody else has done it.
        if not Document.objects.filter(pk=document.pk, file=new).exists():
            storage.delete(new)
        return Outcome.GONE
    document.file.name = new
    return Outcome.DONE


def _saved(document: Document, storage: EncryptedStorage) -> str:
    """The name of a whole copy under the first key. Raises OSError."""
    assert storage.keys.first is not None
    for attempt in TRIES:
        name = _name(document, storage.keys.first, attempt)
        is_new = not storage.exists(name)
        if is_new:
            with storage.open(name_of(document)) as source:
                name = storage.save(name, source)
        if _is_whole(document, name):
            return name
        if is_new:
            storage.delete(name)
            raise OSError("It is not what was stored: verify_archive tells more.")
    raise OSError("What earlier runs left of it is in the way: verify_archive tells the names.")


def _is_whole(document: Document, name: str) -> bool:
    copy = Document(file=name)
    try:
        return digest(copy) == (document.sha256, document.bytes)
    except OSError:
        return False


def _names(document: Document, storage: EncryptedStorage) -> Iterator[str]:
    """All names that a file of this document may have."""
    yield _plain_name(document)
    for key_id in storage.keys.ids:
        for attempt in TRIES:
            yield _name(document, key_id, attempt)


def _plain_name(document: Document) -> str:
    return document_name(document, name_of(document))


def _name(document: Document, key_id: bytes, attempt: int) -> str:
    stem, _, extension = _plain_name(document).rpartition(".")
    return f"{stem}.{key_id.hex()}{'' if attempt == 1 else f'-{attempt}'}.{extension}"
