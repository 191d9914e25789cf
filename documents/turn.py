"""Turn pages of a PDF, as people turned them on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def turn_pages(source: Path, out: Path, rotation: Mapping[int, int], *, name: str) -> None:
    """Write a copy of a PDF to `out`, with the pages in `rotation` (from 1) turned clockwise by so many degrees, which
    are multiples of 90. Pages that it does not have are passed over.

    `name` is what its owner calls it, for messages. Raises DocumentError.
    """
    import pikepdf

    from documents.pdf import opened

    with opened(source, name) as pdf:
        for number, page in enumerate(pdf.pages, start=1):
            if degrees := rotation.get(number, 0):
                page.rotate(degrees, relative=True)
        pdf.save(out, deterministic_id=True, stream_decode_level=pikepdf.StreamDecodeLevel.none)
