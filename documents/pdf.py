"""Open PDFs that come from anywhere, count their pages, and refuse what could only be faxed in part or not at all.

What is bounded, and where: the size of the file in `inspect`; what qpdf unpacks to find its way through a file, below;
what a renderer has to draw for a page, in `weight`; the size of a rendered page, in `render`. Images inside a PDF are
copied as they are and never unpacked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Stream, as_bool, as_int

from documents.errors import DocumentError, refusal
from documents.weight import HEAVIEST_PAGE, Scale, TooHeavy

pikepdf.settings.set_qpdf_limits(
    flate_max_memory=HEAVIEST_PAGE,
    png_max_memory=HEAVIEST_PAGE,
    run_length_max_memory=HEAVIEST_PAGE,
    tiff_max_memory=HEAVIEST_PAGE,
)

# A hostile file holds anything anywhere: a number where a dictionary belongs shows as TypeError or AttributeError.
FAULTS = (pikepdf.PikepdfError, ValueError, TypeError, AttributeError, KeyError, RuntimeError, OverflowError)


@contextmanager
def opened(path: Path, name: str, *, inherit: bool = True) -> Iterator[pikepdf.Pdf]:
    """The PDF, repaired where that is possible. Whatever shows to be wrong with it inside the block is a DocumentError.

    With `inherit`, each page holds by itself what it shares with others. OSError passes: a full disk says nothing about
    the document.
    """
    try:
        # Not mapped into memory, where the parts read would count as ours.
        mode = pikepdf.AccessMode.stream
        with pikepdf.open(path, access_mode=mode, inherit_page_attributes=inherit) as pdf:
            yield pdf
    except DocumentError:
        raise
    except pikepdf.PasswordError:
        raise refusal("encrypted", name) from None
    except TooHeavy:
        raise refusal("bomb", name) from None
    except FAULTS as fault:
        # Without the path, which may hold any word.
        raise refusal(_reason(str(fault).replace(str(path), "")), name) from None


def _reason(fault: str) -> str:
    """What qpdf's own words for a fault come to; it has no other way to tell these two from damage."""
    if "memory limit exceeded" in fault:
        return "bomb"
    return "encrypted" if "encryption" in fault else "broken"


def count_pages(path: Path, name: str, max_pages: int) -> int:
    """How many pages there are, after seeing that each is whole and of a size one can draw. Raises DocumentError."""
    # Sharing out what pages inherit goes through them, and qpdf then corrects the count to the pages it has found.
    with opened(path, name, inherit=False) as pdf:
        _check_kind(pdf, name)
        announced = as_int(pdf.Root.Pages.get("/Count"), 0)
        pages = len(pdf.pages)
        warnings = pdf.get_warnings()
        if pages == 0 or (warnings and pages < announced):
            raise refusal("broken", name)
        if pages > max_pages:
            raise refusal("too_many_pages", name, limit=max_pages)
        scale = Scale()
        for page in pdf.pages:
            if warnings and _incomplete(page):
                raise refusal("broken", name)
            scale.check(page)
    return pages


def _check_kind(pdf: pikepdf.Pdf, name: str) -> None:
    """Refuse PDFs whose pages only say "open this in Adobe Reader": faxed, they would look like success."""
    names = pdf.Root.get("/Names")
    if "/Collection" in pdf.Root and isinstance(names, Dictionary) and "/EmbeddedFiles" in names:
        raise refusal("portfolio", name)
    form = pdf.Root.get("/AcroForm")
    if as_bool(pdf.Root.get("/NeedsRendering")) and isinstance(form, Dictionary) and "/XFA" in form:
        raise refusal("live_form", name)


def _incomplete(page: pikepdf.Page) -> bool:
    """Whether something that this page of a repaired file shows was lost: it reads as None, or as an empty stream."""
    resources = page.get_resources() or Dictionary()
    shelves = [shelf for _, shelf in resources.items() if isinstance(shelf, Dictionary)]
    shown = [thing for holder in (page.obj, *shelves) for _, thing in holder.items()]
    contents = page.obj.get("/Contents")
    if isinstance(contents, Array):
        shown.extend(contents)
    return any(thing is None or isinstance(thing, Stream) and thing.get("/Length") == 0 for thing in shown)
