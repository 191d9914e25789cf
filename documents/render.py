"""Show a page as a picture, for previews."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from documents.errors import PageOutOfRange
from documents.kinds import PDF, recognise

if TYPE_CHECKING:
    from PIL import Image

NARROWEST, WIDEST = 64, 2400
# Bounds what a page of any shape takes: 2400 x 4800 dots at most. Legal paper is 1.7 times as high as wide.
HIGHEST = 2


def render_page(path: Path, page: int, *, width: int, turn: int = 0, name: str = "") -> bytes:
    """A page, from 1, of a PDF, TIFF, JPEG or PNG as a PNG, `width` dots wide within 64 and 2400.

    A page more than twice as high as wide comes out narrower. It is turned clockwise by `turn` degrees after that, 0,
    90, 180 or 270: on its side, it is `width` dots high. `name` is how messages call the file.
    Raises PageOutOfRange, and DocumentError where the file cannot be shown.
    """
    content_type = recognise(path, name)
    width = min(max(width, NARROWEST), WIDEST)
    draw = _draw_pdf if content_type == PDF else _draw_picture
    image = _turned(_without_colour(draw(path, content_type, name, page - 1, width)), turn)
    buffer = io.BytesIO()
    # Level 1 is up to four times as fast as the default and hardly larger. The lock of PDFium is free again by now.
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _turned(image: Image.Image, degrees: int) -> Image.Image:
    """Pillow counts them the other way round."""
    from PIL import Image

    turns = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
    return image.transpose(turns[degrees]) if degrees else image


def _without_colour(image: Image.Image) -> Image.Image:
    """Most pages are black on white, and take half the bytes and a third of the time as grey."""
    from PIL import ImageChops

    if image.mode != "RGB":
        return image
    # Looking at every dot would take as long as drawing the page. A blot that shows colours its surroundings.
    red, green, blue = image.reduce(4).split()
    coloured = ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox()
    return image if coloured else image.convert("L")


def _draw_pdf(path: Path, content_type: str, name: str, index: int, width: int) -> Image.Image:
    from documents import pdfium

    return pdfium.render(path, index, width=width, max_height=width * HIGHEST, name=name)


def _draw_picture(path: Path, content_type: str, name: str, index: int, width: int) -> Image.Image:
    from documents import images

    with images.opened(path, content_type, name) as image:
        if index < 0 or not images.seek(image, index):
            raise PageOutOfRange(index + 1)
        across, down = images.inches(image)
        scale = min(width / across, width * HIGHEST / down)
        size = max(1, round(across * scale)), max(1, round(down * scale))
        pixels = images.decoded(image, name, least=width, colour=True)
        # Black dots become grey where several of them share a dot of the preview.
        return (pixels.convert("L") if pixels.mode == "1" else pixels).resize(size)
