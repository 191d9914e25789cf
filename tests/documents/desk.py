"""What the tests of documents share: put a file on the desk, look at a page, read its text."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops

from documents import pdfium, render_page


def put(folder: Path, data: bytes, name: str = "paper") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def seen(path: Path, page: int = 1, width: int = 600) -> Image.Image:
    """A page as one sees it."""
    image = Image.open(io.BytesIO(render_page(path, page, width=width)))
    return image.convert("RGB")


def texts(path: Path) -> list[str]:
    """The text of each page of a PDF."""
    with pdfium.LOCK:
        document = pypdfium2.PdfDocument(path)
        try:
            return [_text(document[index]) for index in range(len(document))]
        finally:
            document.close()


def _text(page: pypdfium2.PdfPage) -> str:
    text: str = page.get_textpage().get_text_bounded()
    page.close()
    return text


def difference(one: Image.Image, other: Image.Image) -> int:
    """How far apart in brightness, of 255, the most different dots of two pictures are."""
    assert one.size == other.size
    _, brightest = ImageChops.difference(one.convert("L"), other.convert("L")).getextrema()
    assert not isinstance(brightest, tuple)
    return int(brightest)
