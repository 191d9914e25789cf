"""Pictures that come from anywhere: counted, decoded within bounds, upright and on white.

Nothing but pixels gets out of here: where a photo was taken, on which phone and by whom stays behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from PIL import ExifTags, Image, ImageFile, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from documents.errors import DocumentError, PageOutOfRange, refusal
from documents.kinds import JPEG, PNG, TIFF

FORMATS = {TIFF: "TIFF", JPEG: "JPEG", PNG: "PNG"}
# What decoding one frame may take in memory: 600 dpi of colour or 1200 dpi of black and white on a letter.
MOST_MEMORY = 160_000_000
BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "RGBA": 8}
SIDEWAYS = (5, 6, 7, 8)
SCREEN = (96.0, 96.0)

# Pillow tells a broken file by whichever of these its decoder ran into. An OSError without a number is its own; its
# warnings of damage get here only where warnings are errors.
FAULTS = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, UserWarning)
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@contextmanager
def opened(path: Path, content_type: str, name: str) -> Iterator[ImageFile.ImageFile]:
    """The picture, not yet decoded. Whatever shows to be wrong with it inside the block is a DocumentError."""
    try:
        # By its path, Pillow would map an uncompressed TIFF into memory, and get one that lies on its side wrong.
        with path.open("rb") as file, Image.open(file, formats=[FORMATS[content_type]]) as image:
            yield image
    except (DocumentError, PageOutOfRange):
        raise
    except BOMBS:
        raise refusal("bomb", name) from None
    except FAULTS as fault:
        if getattr(fault, "errno", None) is not None:
            raise
        raise refusal("broken", name) from None


def frames(image: ImageFile.ImageFile) -> Iterator[int]:
    """Turns to one frame after the other. A JPEG or PNG is one page, whatever else its camera put into the file."""
    index = 0
    while seek(image, index):
        yield index
        index += 1


def seek(image: ImageFile.ImageFile, index: int) -> bool:
    """Turns to a frame, from 0, and tells whether there is one."""
    if image.format != "TIFF":
        return index == 0
    try:
        image.seek(index)
    except EOFError:
        return False
    return True


def count_frames(path: Path, content_type: str, name: str, max_pages: int) -> int:
    """How many pages there are, after decoding each once. Raises DocumentError."""
    count = 0
    with opened(path, content_type, name) as image:
        for index in frames(image):
            count = index + 1
            if count > max_pages:
                raise refusal("too_many_pages", name, limit=max_pages)
            _check(image, name)
        # The last frame of a whole file points to no other. Pillow takes a chain that breaks off for its end.
        if isinstance(image, TiffImageFile) and image.tag_v2.next != 0:
            raise refusal("broken", name)
    return count


def _check(image: ImageFile.ImageFile, name: str) -> None:
    image.draft(None, (1, 1))
    _check_memory(image, name)
    if image.format == "PNG":
        # Its checksums tell whether it is whole, without decoding it.
        image.verify()
    else:
        image.load()


def _check_memory(image: ImageFile.ImageFile, name: str) -> None:
    if image.width * image.height * BYTES_PER_PIXEL.get(image.mode, 4) > MOST_MEMORY:
        raise refusal("bomb", name)


def decoded(image: ImageFile.ImageFile, name: str, *, least: int, colour: bool) -> Image.Image:
    """The current frame, upright: black and white ("1"), grey ("L") or, where there and wanted, in colour ("RGB").

    A JPEG may come out at a half, quarter or eighth of its size, as long as its shorter side keeps `least` dots.
    """
    # It decodes to such a size, or without its colours, in a fraction of the time and memory.
    image.draft("RGB" if colour else "L", (least, least))
    _check_memory(image, name)
    ImageOps.exif_transpose(image, in_place=True)
    plain = _plain(image, "RGB" if colour else "L")
    if plain is image:
        plain = image.copy()
    # Comments, profiles and a resolution of nothing would be written into a file made of it.
    plain.info.clear()
    return plain


def _plain(image: Image.Image, mode: str) -> Image.Image:
    """In that mode, where it has no fewer shades already."""
    if image.mode[0] in "IF":
        # More than 256 shades. A mere conversion would make white of all but the darkest.
        shades = image.convert("F")
        _, brightest = cast(tuple[float, float], shades.getextrema())
        return shades.point(lambda shade: shade * (255 / max(brightest, 1))).convert("L")
    if image.has_transparency_data:
        return _on_white(image if image.mode == "RGBA" else image.convert("RGBA"), mode)
    return image if image.mode in ("1", "L", mode) else image.convert(mode)


def _on_white(image: Image.Image, mode: str) -> Image.Image:
    white = Image.new(mode, image.size, "white")
    white.paste(image.convert(mode), mask=image.getchannel("A"))
    return white


def inches(image: ImageFile.ImageFile) -> tuple[float, float]:
    """Width and height of the current frame, upright, on paper: by its own resolution, else by that of a screen.

    To be asked before the frame is decoded.
    """
    across, down = resolution(image) or SCREEN
    width, height = image.size
    if image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS:
        across, down = down, across
        # Of a TIFF, Pillow tells the upright size from the beginning.
        if image.format != "TIFF":
            width, height = height, width
    return width / across, height / down


def resolution(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch along the lines and across them, as they are stored; None where the file gives no sensible answer.

    A fax has twice as many along as across.
    """
    along, across = (float(dots) for dots in image.info.get("dpi") or (0, 0))
    return (along, across) if along > 1 and across > 1 else None
