"""Make a PDF of every kind of file we take. A new kind is a line in ACCEPTED_TYPES and a function in CONVERTERS."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import img2pdf
import pikepdf
from PIL import ExifTags, Image, ImageFile

from documents import images
from documents.clean import clean_pdf
from documents.errors import too_large
from documents.kinds import JPEG, PDF, PNG, TIFF

Layout = tuple[float, float, float, float]

POINTS = 72
# A page as wide as a fax line, which has 1728 dots of 1/204 inch, and as high as every machine's paper.
LETTER = (8.5, 11.0)
MARGIN = 0.25
# A picture of about this size in inches is a page by itself: letter, A4, legal and their scans.
PAGE_SHORT, PAGE_LONG = (7.5, 8.8), (9.5, 14.5)
# 300 dpi on legal paper: finer than any fax, which has 204 x 196.
FINEST = (2550, 4200)
# Drawings stay sharp as PNG. What needs more than this as PNG is a photo or a scan, and JPEG serves it better.
MOST_LOSSLESS = 1_000_000

logging.getLogger("img2pdf").setLevel(logging.ERROR)


def to_pdf(source: Path, content_type: str, name: str, out: Path, max_bytes: int) -> None:
    """Write the pages of an inspected file to `out` as a clean PDF. Raises DocumentError."""
    CONVERTERS[content_type](source, content_type, name, out, max_bytes)


def _from_pdf(source: Path, content_type: str, name: str, out: Path, max_bytes: int) -> None:
    clean_pdf(source, name, out)


def _from_picture(source: Path, content_type: str, name: str, out: Path, max_bytes: int) -> None:
    with images.opened(source, content_type, name) as image, ExitStack() as parts, pikepdf.new() as pdf:
        size = 0
        for part in _parts(image, source, name):
            size += len(part)
            if size > max_bytes:
                raise too_large(name, size, max_bytes)
            # qpdf copies from the parts while it writes, so they stay open until then.
            pdf.pages.extend(parts.enter_context(pikepdf.open(io.BytesIO(part))).pages)
        pdf.save(out)


CONVERTERS: dict[str, Callable[[Path, str, str, Path, int], None]] = {
    PDF: _from_pdf,
    TIFF: _from_picture,
    JPEG: _from_picture,
    PNG: _from_picture,
}


def _parts(image: ImageFile.ImageFile, source: Path, name: str) -> Iterator[bytes]:
    """PDFs that together have a page for each frame."""
    if all(_is_fax(image) for _ in images.frames(image)):
        # Its dots are copied as they are compressed: lossless, and thirty times as fast as decoding them.
        yield _pdf(source.read_bytes(), [placed(*images.inches(image)) for _ in images.frames(image)])
        return
    for _ in images.frames(image):
        page = placed(*images.inches(image))
        photo = image.format == "JPEG"
        # A fax has no colours, and grey takes a third of the memory.
        pixels = images.decoded(image, name, least=FINEST[0], colour=False)
        yield _pdf(_encoded(pixels, photo), [page])


def _is_fax(image: ImageFile.ImageFile) -> bool:
    """Whether the frame is just dots, upright, and says how fine they are: img2pdf fails over a senseless answer."""
    upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
    dots = image.format == "TIFF" and image.mode == "1" and "icc_profile" not in image.info
    return dots and upright and images.resolution(image) is not None


def _pdf(data: bytes, pages: list[Layout]) -> bytes:
    """The frames of a picture, each laid out in its turn."""
    layouts = iter(pages)
    upright, quick = img2pdf.Rotation.none, img2pdf.Engine.internal
    pdf: bytes = img2pdf.convert(data, layout_fun=lambda *_: next(layouts), rotation=upright, engine=quick)
    return pdf


def _encoded(pixels: Image.Image, photo: bool) -> bytes:
    """The pixels as img2pdf takes them: black and white, for which it uses group 4 itself, else PNG or JPEG."""
    if pixels.mode == "1":
        return _saved(pixels, "TIFF")
    pixels.thumbnail(FINEST if pixels.height >= pixels.width else FINEST[::-1])
    data = b"" if photo else _saved(pixels, "PNG")
    return data if 0 < len(data) <= MOST_LOSSLESS else _saved(pixels, "JPEG", quality=85)


def _saved(pixels: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, kind, **options)
    return buffer.getvalue()


def placed(width: float, height: float) -> Layout:
    """Page width and height and the picture's on it, in points, for a picture of that many inches.

    A scanned page stays as large as it is. Everything else lies on a letter page turned its way, never enlarged.
    """
    short, long = sorted((width, height))
    if PAGE_SHORT[0] <= short <= PAGE_SHORT[1] and PAGE_LONG[0] <= long <= PAGE_LONG[1]:
        return width * POINTS, height * POINTS, width * POINTS, height * POINTS
    across, down = LETTER if height >= width else LETTER[::-1]
    scale = min(1, (across - 2 * MARGIN) / width, (down - 2 * MARGIN) / height)
    return across * POINTS, down * POINTS, width * scale * POINTS, height * scale * POINTS
