"""Put files together into the one PDF that is faxed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from documents.errors import DocumentError, refusal
from documents.inspect import Inspected, inspect
from documents.kinds import MAX_BYTES, MAX_PAGES


def merge(
    sources: Sequence[tuple[Path, str]], out: Path, *, max_pages: int = MAX_PAGES, max_bytes: int = MAX_BYTES
) -> Inspected:
    """Write the pages of all files, in their order, to `out` as one PDF that holds nothing but what is seen on them.

    A source is a path and the name its owner knows it by. `out` is there whole or not at all, and the same sources make
    the same bytes. Raises DocumentError for a file that cannot be faxed and for too many pages or bytes together, and
    OSError where the disk fails.
    """
    if not sources:
        raise DocumentError("empty", "There is no file to fax. Add at least one.")
    name = _together([own_name for _, own_name in sources])
    with TemporaryDirectory(prefix=".merge-", dir=out.parent) as folder:
        whole = Path(folder, "whole.pdf")
        _join(_convert(sources, name, Path(folder), max_pages, max_bytes), whole)
        merged = inspect(whole, name=name, max_pages=max_pages, max_bytes=max_bytes)
        with whole.open("rb") as file:
            # On disk before it gets its name, or a power cut could leave an empty file of that name.
            os.fsync(file.fileno())
        os.replace(whole, out)
    return merged


def _together(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _convert(
    sources: Sequence[tuple[Path, str]], name: str, folder: Path, max_pages: int, max_bytes: int
) -> list[Path]:
    """One clean PDF for each source, one after the other: only one of them is in memory."""
    from documents.convert import to_pdf

    parts, pages = [], 0
    for number, (path, own_name) in enumerate(sources):
        inspected = inspect(path, name=own_name, max_pages=max_pages)
        pages += inspected.pages
        if pages > max_pages:
            raise refusal("too_many_pages", name, limit=max_pages)
        part = folder / f"{number}.pdf"
        to_pdf(path, inspected.content_type, own_name, part, max_bytes)
        parts.append(part)
    return parts


def _join(parts: Sequence[Path], whole: Path) -> None:
    import pikepdf

    from documents.clean import append_pages

    with ExitStack() as files, pikepdf.new() as pdf:
        for part in parts:
            # qpdf copies from the parts while it writes, so they stay open until then.
            append_pages(pdf, files.enter_context(pikepdf.open(part, access_mode=pikepdf.AccessMode.stream)))
        pdf.save(
            whole,
            deterministic_id=True,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            min_version="1.7",
        )
