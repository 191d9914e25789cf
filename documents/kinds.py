"""What we take, and how to tell it by its content."""

from __future__ import annotations

from pathlib import Path

from documents.errors import refusal

PDF, TIFF, JPEG, PNG = "application/pdf", "image/tiff", "image/jpeg", "image/png"
ACCEPTED_TYPES = {PDF: "pdf", TIFF: "tif", JPEG: "jpg", PNG: "png"}

# Telnyx fetches at most 50 MB and 350 pages, and takes at most 20 MB as an upload
# (https://developers.telnyx.com/api-reference/programmable-fax-commands/send-a-fax and
# https://developers.telnyx.com/api-reference/media-storage-api/upload-media). Neither page says whether a MB is a
# million bytes or 1024 x 1024: the smaller is right either way.
MAX_BYTES = 50 * 1000 * 1000
UPLOAD_MAX = 20 * 1000 * 1000
MAX_PAGES = 350

# Readers look for the header this far into a PDF: mail gateways and printer drivers put lines in front of it.
PDF_HEADER_WITHIN = 1024


def recognise(path: Path, name: str) -> str:
    """The content type of the file, one of ACCEPTED_TYPES. Raises DocumentError: empty or unsupported."""
    import filetype

    with path.open("rb") as file:
        head = file.read(PDF_HEADER_WITHIN)
    if not head:
        raise refusal("empty", name)
    # A file of another kind is that kind, even where a PDF begins within it: an archive holds more than its first file.
    content_type = filetype.guess_mime(head) or (PDF if b"%PDF-" in head else None)
    if content_type not in ACCEPTED_TYPES:
        raise refusal("unsupported", name)
    return content_type
