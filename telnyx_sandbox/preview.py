"""`python -m telnyx_sandbox.preview`: a PDF from standard input becomes a black and white TIFF on standard output."""

import io
import sys

import pypdfium2
from PIL import Image


def to_tiff(pdf: bytes) -> bytes:
    """All pages in fax resolution, compressed as fax group 4. Raises pypdfium2.PdfiumError for a broken PDF."""
    document = pypdfium2.PdfDocument(pdf)
    pages: list[Image.Image] = [page.render(scale=200 / 72).to_pil().convert("1") for page in document]
    target = io.BytesIO()
    pages[0].save(target, "TIFF", compression="group4", dpi=(200, 200), save_all=True, append_images=pages[1:])
    document.close()
    return target.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(to_tiff(sys.stdin.buffer.read()))
