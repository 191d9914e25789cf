"""PDFium, which draws PDFs. It crashes when two threads are inside it, even with a document each.

So LOCK is held from opening a document to closing it, and nothing of PDFium gets out of these functions.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from documents.errors import PageOutOfRange, refusal

LOCK = threading.RLock()

# It warns of every form made with Adobe's XFA, whose ordinary fields it shows all the same.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)


def render(path: Path, index: int, *, width: int, max_height: int, name: str) -> Image.Image:
    """A page, from 0, as RGB: `width` dots wide, or less where it would be higher than `max_height`.

    Raises DocumentError and PageOutOfRange.
    """
    with _document(path, name) as document:
        if not 0 <= index < len(document):
            raise PageOutOfRange(index + 1)
        page = document[index]
        try:
            # PDFium's count of dots is rounded up: a hair less avoids one too many.
            scale = min((width - 0.01) / page.get_width(), (max_height - 0.01) / page.get_height())
            return _drawn(page, scale)
        finally:
            page.close()


def _drawn(page: pypdfium2.PdfPage, scale: float) -> Image.Image:
    bitmap = page.render(scale=scale, rev_byteorder=True)
    try:
        image: Image.Image = bitmap.to_pil()
        # One that only looks at PDFium's memory would lose it. Others have been copied already.
        return image.copy() if image.readonly else image
    finally:
        bitmap.close()


def draw_annotations(source: Path, out: Path, name: str) -> None:
    """Write a copy in which annotations and fields that were data only have a drawing. Raises DocumentError."""
    with _document(source, name) as document:
        for index in range(len(document)):
            page = document[index]
            try:
                if raw.FPDFPage_GetAnnotCount(page):
                    # Showing a page makes PDFium draw what is not drawn yet, however small it is shown.
                    _drawn(page, 8 / max(page.get_size()))
            finally:
                page.close()
        document.save(out)


@contextmanager
def _document(path: Path, name: str) -> Iterator[pypdfium2.PdfDocument]:
    with LOCK:
        try:
            document = pypdfium2.PdfDocument(path)
            try:
                # Without this it shows no fields.
                document.init_forms()
                yield document
            finally:
                document.close()
        except pypdfium2.PdfiumError as fault:
            locked = fault.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
            raise refusal("encrypted" if locked else "broken", name) from None
