"""Look into a file before anything else is done with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from documents.errors import too_large
from documents.kinds import ACCEPTED_TYPES, MAX_BYTES, MAX_PAGES, PDF, recognise


@dataclass(frozen=True)
class Inspected:
    """A file that can be faxed: what it is by its content, the extension for that (without a dot), pages, size."""

    content_type: str
    extension: str
    pages: int
    bytes: int
    sha256: str


def inspect(path: Path, *, name: str, max_bytes: int = MAX_BYTES, max_pages: int = MAX_PAGES) -> Inspected:
    """What the file is, told by its content alone. `name` is what its owner calls it, for messages.

    Raises DocumentError for everything that cannot be faxed whole.
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise too_large(name, size, max_bytes)
    content_type = recognise(path, name)
    pages = _count_pages(path, content_type, name, max_pages)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Inspected(content_type, ACCEPTED_TYPES[content_type], pages, size, digest)


def _count_pages(path: Path, content_type: str, name: str, max_pages: int) -> int:
    # The libraries take 20 MB, which a process that never sees a file need not have.
    if content_type == PDF:
        from documents import pdf

        return pdf.count_pages(path, name, max_pages)
    from documents import images

    return images.count_frames(path, content_type, name, max_pages)
