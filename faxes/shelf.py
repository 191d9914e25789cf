"""Where the pictures of pages are kept: files beside the documents, at `pages/<document>/<name>`.

They can always be drawn again, so one that is missing or spoilt, and one that cannot be put here, is no failure.
Whoever deletes a document deletes its file first, and then has us `forget` its pages.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import IO, cast

import structlog
from django.core.files.base import ContentFile

from faxes.models import Document
from faxes.storage.base import PieceStorage

log = structlog.get_logger(__name__)

# What every PNG ends with, and nobody has written who was interrupted.
END = b"\0\0\0\0IEND\xaeB`\x82"


def kept(document: Document, name: str) -> IO[bytes] | None:
    """The picture, open at its start, if it is here and whole. Another request may be writing it, or have died so.

    It is read at once, because another request may put one in its place before this one has given it all.
    """
    storage, place = cast(PieceStorage, document.file.storage), f"{_folder(document)}/{name}"
    try:
        # Nothing tells what a plain one among sealed ones shows.
        png = b"" if storage.is_unproven(place) else b"".join(storage.stream(place))
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("pages.not_read", document=str(document.pk), name=name, error=str(error))
        return None
    return io.BytesIO(png) if png.endswith(END) else None


def keep(document: Document, name: str, png: bytes) -> None:
    """Put it in the place of whatever is there, if the storage takes it."""
    storage, place = document.file.storage, f"{_folder(document)}/{name}"
    try:
        storage.delete(place)
        saved = storage.save(place, ContentFile(png))
        if saved != place:
            # Somebody has drawn the same page meanwhile, and a storage does not overwrite.
            storage.delete(saved)
        if not storage.exists(str(document.file.name)):
            # The document was deleted while its page was drawn, and nothing of it may stay.
            forget(document)
    except OSError as error:
        log.warning("pages.not_kept", document=str(document.pk), name=name, error=str(error))


def forget(document: Document) -> None:
    """Delete every picture of its pages. Raises OSError."""
    storage, folder = document.file.storage, _folder(document)
    with suppress(FileNotFoundError):
        _, names = storage.listdir(folder)
        for name in names:
            storage.delete(f"{folder}/{name}")
    # Only on a disk there is such a thing as the folder, and somebody may be about to put a picture in.
    with suppress(OSError):
        storage.delete(folder)


def _folder(document: Document) -> str:
    return f"pages/{document.pk}"
