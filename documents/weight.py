"""How much a renderer has to draw for a page, counted without drawing it.

A drawing of a few kilobytes can unpack to gigabytes, and a piece that uses a piece ten times, which uses a piece ten
times, draws a billion lines from one page of text. Both would keep a renderer busy for hours.
Not counted: patterns and glyphs that draw one another many times over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pikepdf import Array, Dictionary, Object, Page, Stream

# The drawing on one page, each use of a repeated piece counted. Letters have some kilobytes, city maps some megabytes.
HEAVIEST_PAGE = 32 * 1024 * 1024
# All drawings of a document, each read once: it bounds the time it takes to weigh it.
HEAVIEST_DOCUMENT = 8 * HEAVIEST_PAGE
DEEPEST_NESTING = 32

USE = re.compile(rb"/([^\s/<>()\[\]{}%]+)\s+Do\b")
ANY_USE = re.compile(rb"\bDo\b")


class TooHeavy(Exception):
    """The page, or the document so far, has more to draw than a fax could ever need."""


@dataclass
class Scale:
    """Weighs the pages of one document and remembers the pieces they share."""

    unpacked: int = 0
    known: dict[tuple[int, int], int] = field(default_factory=dict)

    def check(self, page: Page) -> None:
        """Raises TooHeavy, and pikepdf's DataDecodingError where the drawing cannot be read."""
        drawing = self._drawing(page.obj.get("/Contents"))
        weight = self._weigh(drawing, page.get_resources(), depth=0)
        weight += sum(self._weigh_piece(look, None, depth=0) for look in _looks(page))
        if weight > HEAVIEST_PAGE:
            raise TooHeavy

    def _drawing(self, contents: object) -> bytes:
        parts = contents if isinstance(contents, Array) else [contents]
        return b"\n".join(self._unpacked(part) for part in parts if isinstance(part, Stream))

    def _unpacked(self, stream: Stream) -> bytes:
        data = stream.read_bytes()
        self.unpacked += len(data)
        if self.unpacked > HEAVIEST_DOCUMENT:
            raise TooHeavy
        return data

    def _weigh(self, drawing: bytes, resources: Object | None, depth: int) -> int:
        pieces = {name: self._weigh_piece(piece, resources, depth) for name, piece in _pieces(resources)}
        heaviest = max(pieces.values(), default=0)
        if heaviest == 0 or len(drawing) > HEAVIEST_PAGE:
            return len(drawing)
        uses = Counter(USE.findall(drawing))
        # A use that is written in an unusual way counts as one of the heaviest piece.
        unusual = len(ANY_USE.findall(drawing)) - sum(uses[name] for name in pieces)
        return len(drawing) + sum(uses[name] * weight for name, weight in pieces.items()) + unusual * heaviest

    def _weigh_piece(self, piece: Stream, inherited: Object | None, depth: int) -> int:
        if piece.get("/Subtype") == "/Image":
            return 0
        if piece.objgen not in self.known:
            # Until its weight is known it is too heavy: a piece that uses itself, or is nested too deep, stays so.
            self.known[piece.objgen] = HEAVIEST_PAGE + 1
            if depth < DEEPEST_NESTING:
                resources = piece.get("/Resources", inherited)
                self.known[piece.objgen] = self._weigh(self._unpacked(piece), resources, depth + 1)
        return self.known[piece.objgen]


def _looks(page: Page) -> Iterator[Stream]:
    """What the annotations of the page look like; a box that can be ticked has a look for each of its states."""
    annotations = page.obj.get("/Annots")
    for annotation in annotations if isinstance(annotations, Array) else []:
        looks = annotation.get("/AP") if isinstance(annotation, Dictionary) else None
        normal = looks.get("/N") if isinstance(looks, Dictionary) else None
        if isinstance(normal, Stream):
            yield normal
        elif isinstance(normal, Dictionary):
            yield from (state for _, state in normal.items() if isinstance(state, Stream))


def _pieces(resources: object) -> Iterator[tuple[bytes, Stream]]:
    shelf = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    if isinstance(shelf, Dictionary):
        for name, piece in shelf.items():
            if isinstance(piece, Stream):
                yield name[1:].encode(), piece
