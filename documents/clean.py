"""Reduce a PDF to what is seen on its pages.

Annotations and filled fields become part of the drawing, and of each page only its drawing is taken along. So scripts,
actions, forms, attachments, earlier revisions and personal data are not hunted for: they stay behind.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Object, Page, Pdf, Rectangle, Stream, as_bool, as_int

from documents import pdfium
from documents.layers import copy_layers, hidden_layers
from documents.pdf import opened

LETTER = Rectangle(0, 0, 612, 792)
KEPT_OF_PAGE = {"/Type", "/Parent", "/MediaBox", "/Rotate", "/Resources", "/Contents", "/Group"}
# What pictures and drawings carry besides themselves: where they come from, files elsewhere, other versions.
DROPPED_OF_STREAM = {"/AF", "/Alternates", "/F", "/FDecodeParms", "/FFilter", "/Metadata", "/OPI", "/PieceInfo", "/Ref"}
# Flags of annotations, with the numbers of the PDF reference.
HIDDEN_IF_UNKNOWN, HIDDEN, PRINTED, NOT_ON_SCREEN = 1, 2, 4, 32

# Said of fields that have lost their form: what they look like is all we want of them.
warnings.filterwarnings("ignore", category=pikepdf.PageCopyWarning)


def clean_pdf(source: Path, name: str, out: Path) -> None:
    """Write what is seen of `source` to `out`, with drafts beside it. Raises DocumentError."""
    undrawn, drawn = out.with_suffix(".undrawn"), out.with_suffix(".drawn")
    with opened(source, name) as document:
        off = {layer.objgen for layer in hidden_layers(document)}
        for page in document.pages:
            page.obj.Annots = Array([one for one in _annotations(page) if _is_seen(one, off)])
        if not _needs_drawing(document):
            _write_seen(document, out)
            return
        document.save(undrawn, fix_metadata_version=False)
    pdfium.draw_annotations(undrawn, drawn, name)
    with opened(drawn, name) as document:
        _write_seen(document, out)


def append_pages(target: Pdf, source: Pdf) -> None:
    copy_layers(target, source)
    target.pages.extend(source.pages)


def _annotations(page: Page) -> list[Dictionary]:
    annotations = page.obj.get("/Annots")
    return [one for one in annotations if isinstance(one, Dictionary)] if isinstance(annotations, Array) else []


def _is_seen(annotation: Dictionary, layers_off: set[tuple[int, int]]) -> bool:
    flags = as_int(annotation.get("/F"), 0)
    if flags & HIDDEN or (flags & NOT_ON_SCREEN and not flags & PRINTED):
        return False
    # qpdf hides annotations of every kind for this flag, which is meant for kinds that a reader does not know.
    annotation.F = flags & ~HIDDEN_IF_UNKNOWN
    layer = annotation.get("/OC")
    on = not (isinstance(layer, Dictionary) and layer.objgen in layers_off)
    # The window of a note opens over the page on a screen only.
    return on and annotation.get("/Subtype") != "/Popup"


def _needs_drawing(document: Pdf) -> bool:
    """Whether some annotation or field is stored as data only, for the reader to draw."""
    form = document.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and as_bool(form.get("/NeedAppearances")):
        return True
    annotations = [annotation for page in document.pages for annotation in _annotations(page)]
    # A link is a place on the page, and mostly looks like nothing.
    looks = [annotation.get("/AP") for annotation in annotations if annotation.get("/Subtype") != "/Link"]
    return any(not isinstance(look, Dictionary) or "/N" not in look for look in looks)


def _write_seen(document: Pdf, out: Path) -> None:
    form = document.Root.get("/AcroForm")
    if isinstance(form, Dictionary):
        # Everything is drawn by now, and qpdf would leave the fields out as long as this says otherwise.
        form.NeedAppearances = False
    document.flatten_annotations("all")
    for page in document.pages:
        # What lies outside the crop box is not seen; a converter that knows the media box alone would show it.
        page.obj.MediaBox = _seen_box(page).as_array()
        _drop(page.obj, set(page.obj.keys()) - KEPT_OF_PAGE)
    with pikepdf.new() as clean:
        append_pages(clean, document)
        for thing in clean.objects:
            if isinstance(thing, Stream):
                _drop(thing, DROPPED_OF_STREAM & set(thing.keys()))
        clean.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def _seen_box(page: Page) -> Rectangle:
    media = _box(page, "/MediaBox") or LETTER
    seen = media & (_box(page, "/CropBox") or media)
    return seen if seen.width > 0 and seen.height > 0 else media


def _box(page: Page, key: str) -> Rectangle | None:
    edges = page.obj.get(key)
    try:
        box = Rectangle(edges) if isinstance(edges, Array) else None
    except TypeError:
        return None
    return box if box and box.width > 0 and box.height > 0 else None


def _drop(holder: Object, keys: Iterable[str]) -> None:
    for key in keys:
        del holder[key]
