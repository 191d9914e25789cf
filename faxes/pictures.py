"""Pages as pictures: drawn once, then kept as files beside the documents, at `pages/<document>/<page>-<width>.png`.

They can always be drawn again. So nothing here stands or falls with the storage: a picture that cannot be kept, or was
kept in part, is drawn for whoever asks. Whoever deletes a document deletes its file first, and then has us `forget`.
"""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import IO, cast

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from documents import DocumentError, PageOutOfRange, render_page
from faxes.files import local_path
from faxes.models import Document

log = structlog.get_logger(__name__)

# Twice the dots of what is shown, for fine screens: a row's picture, one of the strip, a page to read, one in large.
# Nobody fills the disk by asking for more of them.
ROW, STRIP, READING, LARGE = WIDTHS = (88, 176, 1200, 1700)
# What every PNG ends with. Who writes one from the beginning writes this last.
END = b"\0\0\0\0IEND\xaeB`\x82"


def width_for(asked: int) -> int:
    """The smallest of WIDTHS that shows as much, else the largest."""
    return next((width for width in WIDTHS if width >= asked), WIDTHS[-1])


def page_picture(document: Document, number: int, *, width: int, turn: int = 0) -> IO[bytes]:
    """A page, from 1, as a PNG: open at its start, to be closed by the caller.

    It is `width_for(width)` dots wide, and then turned clockwise by `turn` degrees: 0, 90, 180 or 270.
    Raises DocumentError, PageOutOfRange, and OSError where the document's file cannot be had.
    """
    width = width_for(width)
    storage, name = document.file.storage, _name(document, number, width, turn)
    if kept := _kept(storage, name):
        return kept
    with local_path(document) as path:
        png = render_page(path, number, width=width, turn=turn)
    _keep(document, name, png)
    return io.BytesIO(png)


def warm(document: Document) -> None:
    """Draw what is looked at first, before anybody does. What is wrong with the file shows when it is looked at."""
    try:
        with local_path(document) as path:
            for width in (READING, ROW):
                _keep(document, _name(document, 1, width, 0), render_page(path, 1, width=width))
    except (DocumentError, PageOutOfRange, OSError) as error:
        log.warning("pages.not_warm", document=str(document.pk), error=str(error))


def forget(document: Document) -> None:
    """Delete every picture of its pages. To be called once its file is deleted. Raises OSError."""
    storage, folder = document.file.storage, _folder(document)
    with suppress(FileNotFoundError):
        _, names = storage.listdir(folder)
        for name in names:
            storage.delete(f"{folder}/{name}")
    # The folder is one on a disk only. Somebody who has just drawn a page may be about to put it in.
    with suppress(OSError):
        storage.delete(folder)


def _folder(document: Document) -> str:
    return f"pages/{document.pk}"


def _name(document: Document, number: int, width: int, turn: int) -> str:
    turned = f"-{turn}" if turn else ""
    return f"{_folder(document)}/{number}-{width}{turned}.png"


def _kept(storage: Storage, name: str) -> IO[bytes] | None:
    """The picture, if it is there and whole: another request may be writing it, or have died doing so."""
    try:
        file = cast(IO[bytes], storage.open(name))
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("pages.not_read", name=name, error=str(error))
        return None
    if _is_whole(file):
        return file
    file.close()
    return None


def _is_whole(file: IO[bytes]) -> bool:
    try:
        file.seek(-len(END), os.SEEK_END)
        whole = file.read() == END
        file.seek(0)
    except OSError:
        return False
    return whole


def _keep(document: Document, name: str, png: bytes) -> None:
    """Put it in the place of whatever is there, if the storage takes it."""
    storage = document.file.storage
    try:
        storage.delete(name)
        saved = storage.save(name, ContentFile(png))
        if saved != name:
            # Somebody has drawn the same page meanwhile, and a storage does not overwrite.
            storage.delete(saved)
        if not storage.exists(str(document.file.name)):
            # The document was deleted while its page was drawn, and nothing of it may stay.
            forget(document)
    except OSError as error:
        log.warning("pages.not_kept", name=name, error=str(error))
