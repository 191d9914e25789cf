"""Pages as pictures: drawn once, then taken from the shelf."""

from __future__ import annotations

import io
from typing import IO

import structlog

from documents import DocumentError, PageOutOfRange, render_page
from faxes import shelf
from faxes.files import local_path
from faxes.models import Document, Fax

log = structlog.get_logger(__name__)

# Twice the dots of what is shown, for fine screens: a row's picture, one of the strip, a page to read, one in large.
# Nobody fills the disk by asking for more of them.
ROW, STRIP, READING, LARGE = WIDTHS = (88, 176, 1200, 1700)


def width_for(asked: int) -> int:
    """The smallest of WIDTHS that shows as much, else the largest."""
    return next((width for width in WIDTHS if width >= asked), LARGE)


def turn_of(fax: Fax, number: int) -> int:
    """How far, in degrees and clockwise, people have turned that page."""
    turn = fax.rotation.get(str(number))
    return turn if turn in (90, 180, 270) else 0


def page_picture(document: Document, number: int, *, width: int, turn: int = 0) -> IO[bytes]:
    """A page, from 1, as a PNG: open at its start, to be closed by the caller.

    It is `width_for(width)` dots wide, and then turned clockwise by `turn` degrees: 0, 90, 180 or 270.
    Raises DocumentError, PageOutOfRange, and OSError where the document's file cannot be had.
    """
    width = width_for(width)
    name = _name(number, width, turn)
    kept = shelf.kept(document, name)
    if kept is not None:
        return kept
    with local_path(document) as path:
        png = render_page(path, number, width=width, turn=turn)
    shelf.keep(document, name, png)
    return io.BytesIO(png)


def warm(document: Document) -> None:
    """Draw what is looked at first, before anybody does. What is wrong with the file shows when it is looked at."""
    try:
        with local_path(document) as path:
            for width in (READING, ROW):
                shelf.keep(document, _name(1, width), render_page(path, 1, width=width))
    except (DocumentError, PageOutOfRange, OSError) as error:
        log.warning("pages.not_warm", document=str(document.pk), error=str(error))


def _name(number: int, width: int, turn: int = 0) -> str:
    return f"{number}-{width}-{turn}.png" if turn else f"{number}-{width}.png"
