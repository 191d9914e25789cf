"""What documents are: their kind and page count, sample pages, and PDFs made of pictures.

PDFium is left alone here: it is not thread-safe, and a test may run a sandbox beside a portal that uses it.
"""

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

import pikepdf
import requests
from PIL import Image, ImageDraw, ImageFont, TiffImagePlugin

from telnyx_sandbox.store import File

LINES_PER_PAGE: Final = 60
# Dots of a letter page as fax machines scan it.
FINE_PAGE: Final = (1728, 2156)

# What no text has, and almost every other kind of file.
CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")

# All that Pillow may raise over a file it cannot read. Warnings are exceptions where the interpreter is told so.
BROKEN_PICTURE: Final = (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError, Warning)

LETTER: Final = (
    "Dear Sir or Madam,",
    "",
    "please find enclosed the documents we spoke of on the telephone.",
    "Kindly confirm that every page has arrived and can be read.",
    "",
    "Item        Reference     Date          Remark",
    "Form A      27-114        2 March       signed on page 2",
    "Form B      27-115        2 March       copy",
    "Form C      27-116        9 March       to follow by post",
    "",
    "Yours faithfully",
)


class DownloadError(Exception):
    """A document could not be fetched; `reason` is Telnyx's failure_reason for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def download(url: str, limit: int) -> bytes:
    """The body behind `url`. Raises DownloadError for anything but a 2xx answer (a redirect is a failure, too) and
    for more than `limit` bytes: https://support.telnyx.com/en/articles/4967498-fax-api-error-list
    """
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.get(url, stream=True, allow_redirects=False, timeout=(5, 10)) as answer:
                if not 200 <= answer.status_code < 300:
                    raise DownloadError("file_download_failed")
                return _read(answer, limit)
    except (requests.RequestException, ValueError) as error:
        raise DownloadError("file_download_failed") from error


def _read(answer: requests.Response, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in answer.iter_content(256 * 1024):
        size += len(piece)
        if size > limit:
            raise DownloadError("file_size_limit_exceeded")
        pieces.append(piece)
    return b"".join(pieces)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def inspect(content: bytes) -> File:
    """The kind and page count of a document; 0 pages for anything that is broken or cannot be faxed.

    Word and rich text are not laid out: they count as one page.
    """
    sha256 = digest(content)
    if b"%PDF-" in content[:1024]:
        return File(sha256, "application/pdf", _pdf_pages(content))
    if content.startswith((b"II*\0", b"MM\0*", b"\xff\xd8\xff", b"\x89PNG\r\n")):
        return File(sha256, *_picture(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return File(sha256, "application/msword", 1)
    if content.startswith(b"PK\x03\x04") and b"word/" in content:
        return File(sha256, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", 1)
    if content.startswith(b"{\\rtf"):
        return File(sha256, "application/rtf", 1)
    return File(sha256, *_text(content))


def _pdf_pages(content: bytes) -> int:
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            return len(pdf.pages)
    except (pikepdf.PikepdfError, ValueError):
        return 0


def _picture(content: bytes) -> tuple[str, int]:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return Image.MIME[str(picture.format)], sum(1 for _ in _frames(picture))
    except BROKEN_PICTURE:
        return "application/octet-stream", 0


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    """Every page, fully read: a picture that breaks off in its middle is no document."""
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        yield picture.convert("1" if picture.mode == "1" else "RGB")


def _text(content: bytes) -> tuple[str, int]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream", 0
    if CONTROL.search(content) or not text.strip():
        return "application/octet-stream", 0
    return "text/plain", -(-len(text.splitlines()) // LINES_PER_PAGE)


def sample(pages: int, heading: str) -> bytes:
    """A PDF of letters, each page under a line as fax machines print it."""
    return text_pdf([[f"{heading}   P. {number}/{pages}", "", *LETTER] for number in range(1, pages + 1)])


def sample_tiff(pages: int, heading: str) -> bytes:
    """The same letters as carriers hand them on: a group 4 TIFF of many pages, in the resolution of fine fax."""
    font = ImageFont.load_default(size=30)
    letter = Image.new("1", FINE_PAGE, 1)
    ImageDraw.Draw(letter).multiline_text((150, 220), "\n".join(LETTER), fill=0, font=font, spacing=18)
    target = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(target, new=True) as frames:
        for number in range(1, pages + 1):
            page = letter.copy()
            ImageDraw.Draw(page).text((60, 30), f"{heading}   P. {number}/{pages}", fill=0, font=font)
            page.save(frames, "TIFF", compression="group4", dpi=(204, 196))
            frames.newFrame()
    return target.getvalue()


def text_pdf(pages: Sequence[Sequence[str]]) -> bytes:
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Courier)
        resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
        for lines in pages:
            page = pdf.add_blank_page(page_size=(612, 792))
            page.obj.Resources = resources
            page.obj.Contents = pdf.make_stream(_typed(lines))
        target = io.BytesIO()
        pdf.save(target)
        return target.getvalue()


def _typed(lines: Sequence[str]) -> bytes:
    shown = (line.translate({40: r"\(", 41: r"\)", 92: r"\\"}) for line in lines)
    text = "\n".join(f"({line}) '" for line in shown)
    return f"BT /F1 10 Tf 54 750 Td 14 TL\n{text}\nET".encode("latin-1", "replace")


def as_pdf(file: File, content: bytes) -> bytes:
    """The document as the far end receives it: always a PDF. Word and rich text arrive as a page that says so."""
    if file.content_type == "application/pdf":
        return content
    if file.content_type.startswith("image/"):
        return _pictures_pdf(content)
    if file.content_type == "text/plain":
        lines = content.decode("utf-8").splitlines()
        return text_pdf([lines[at : at + LINES_PER_PAGE] for at in range(0, len(lines), LINES_PER_PAGE)])
    return text_pdf([[f"This page stands for a document of type {file.content_type}."]])


def _pictures_pdf(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as picture:
        frames = list(_frames(picture))
        target = io.BytesIO()
        frames[0].save(target, "PDF", save_all=True, append_images=frames[1:], resolution=200)
        return target.getvalue()
