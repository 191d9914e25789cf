"""Draws letters as fax machines deliver them: black and white, under a line with the sender and the page."""

from __future__ import annotations

import io
import random
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, ImageDraw, ImageFont

# A letter page at 200 dots an inch.
PAPER = (1700, 2200)
DPI = 200
LEFT, RIGHT = 150, 1550
CHARACTERS = 92


@dataclass(frozen=True)
class Letter:
    """What stands in a letter: its head, its text in paragraphs, and a table that goes on over all further pages."""

    house: str
    address: str
    title: str
    text: Sequence[str]
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    signed: str = ""


def drawn(letter: Letter, *, number: str, at: datetime, pages: int) -> list[Image.Image]:
    """The pages of the letter, as they come out at the far end."""
    chance = random.Random(letter.title)
    stamp = f"{at:%b %d %Y %H:%M}".upper()
    sheets = []
    for page in range(1, pages + 1):
        sheet = Image.new("L", PAPER, 255)
        pen = ImageDraw.Draw(sheet)
        head = f"{stamp}     {letter.house.upper()}     {number}     P. {page:02}/{pages:02}"
        pen.text((LEFT, 28), head, 0, _font(24))
        top = _first_page(pen, letter, at) if page == 1 else _further_page(pen, letter, page)
        last = _table(pen, letter, top, page)
        if page == pages and letter.signed:
            _signature(pen, letter.signed, last + 70, chance)
        for _ in range(60):
            spot = chance.randrange(PAPER[0]), chance.randrange(PAPER[1])
            pen.rectangle((*spot, spot[0] + 1, spot[1] + 1), 0)
        sheets.append(sheet.convert("1", dither=Image.Dither.NONE))
    return sheets


def as_pdf(pages: Sequence[Image.Image]) -> bytes:
    target = io.BytesIO()
    pages[0].save(target, "PDF", save_all=True, append_images=pages[1:], resolution=DPI)
    return target.getvalue()


def as_tiff(pages: Sequence[Image.Image]) -> bytes:
    """Compressed as fax group 4, as carriers hand faxes on."""
    target = io.BytesIO()
    pages[0].save(target, "TIFF", compression="group4", dpi=(DPI, DPI), save_all=True, append_images=list(pages[1:]))
    return target.getvalue()


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=size)


def _bold(pen: ImageDraw.ImageDraw, place: tuple[int, int], words: str, size: int) -> None:
    pen.text(place, words, 0, _font(size), stroke_width=1, stroke_fill=0)


def _first_page(pen: ImageDraw.ImageDraw, letter: Letter, at: datetime) -> int:
    """The letterhead and the text. Returns where there is room below them."""
    _bold(pen, (LEFT, 130), letter.house, 60)
    pen.text((LEFT, 212), letter.address, 0, _font(27))
    pen.rectangle((LEFT, 262, RIGHT, 266), 0)
    pen.text((LEFT, 320), f"{at:%B} {at.day}, {at.year}", 0, _font(31))
    _bold(pen, (LEFT, 410), letter.title, 42)
    top = 500
    for paragraph in letter.text:
        for line in textwrap.wrap(paragraph, CHARACTERS):
            pen.text((LEFT, top), line, 0, _font(31))
            top += 44
        top += 26
    return top + 20


def _further_page(pen: ImageDraw.ImageDraw, letter: Letter, page: int) -> int:
    _bold(pen, (LEFT, 130), letter.title, 34)
    pen.text((RIGHT - 110, 134), f"Page {page}", 0, _font(28))
    pen.rectangle((LEFT, 190, RIGHT, 192), 0)
    return 240


def _table(pen: ImageDraw.ImageDraw, letter: Letter, top: int, page: int) -> int:
    """The table's rows, on each page beginning with another one. Returns where it ends."""
    if not letter.rows:
        return top
    width = (RIGHT - LEFT) // len(letter.columns)
    # The first page has the text, and leaves room for a signature.
    count = len(letter.rows) if page == 1 else 24
    start = page * 5 % len(letter.rows) if page > 1 else 0
    rows = [letter.rows[(start + place) % len(letter.rows)] for place in range(count)]
    for place, row in enumerate([letter.columns, *rows]):
        y = top + 62 * place
        pen.line((LEFT, y, RIGHT, y), 0, 2)
        for column, words in enumerate(row):
            spot = LEFT + width * column + 16, y + 13
            if place:
                pen.text(spot, words, 0, _font(28))
            else:
                _bold(pen, spot, words, 28)
    bottom = top + 62 * (len(rows) + 1)
    pen.line((LEFT, bottom, RIGHT, bottom), 0, 2)
    for column in range(len(letter.columns) + 1):
        x = RIGHT if column == len(letter.columns) else LEFT + width * column
        pen.line((x, top, x, bottom), 0, 2)
    return bottom


def _signature(pen: ImageDraw.ImageDraw, name: str, top: int, chance: random.Random) -> None:
    """A few strokes of a pen, and the name below them."""
    x, points = LEFT + 10, []
    for place in range(22):
        swing = chance.randrange(18, 62)
        points.append((x, top + 70 + (swing if place % 2 else -swing)))
        x += chance.randrange(10, 26)
    pen.line(points, 0, 4, joint="curve")
    pen.line((LEFT, top + 160, LEFT + 560, top + 160), 0, 2)
    pen.text((LEFT, top + 172), name, 0, _font(28))
