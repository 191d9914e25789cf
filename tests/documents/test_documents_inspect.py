"""What we take and what we refuse, and that the content decides."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from documents import MAX_BYTES, MAX_PAGES, UPLOAD_MAX, DocumentError, Inspected, inspect
from tests import papers
from tests.documents.desk import put


def refused(path: Path, name: str = "referral.pdf", **limits: int) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        inspect(path, name=name, **limits)
    return caught.value


def changed(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "content_type", "extension", "pages"),
    [
        (papers.text_pdf, "application/pdf", "pdf", 3),
        (papers.scanned_pdf, "application/pdf", "pdf", 2),
        (papers.form_pdf, "application/pdf", "pdf", 1),
        (papers.active_pdf, "application/pdf", "pdf", 1),
        (papers.owner_locked_pdf, "application/pdf", "pdf", 3),
        (papers.fax_tiff, "image/tiff", "tif", 2),
        (papers.photo_jpeg, "image/jpeg", "jpg", 1),
        (papers.screenshot_png, "image/png", "png", 1),
    ],
)
def test_a_file_is_what_its_content_says(
    make: papers.Maker, content_type: str, extension: str, pages: int, tmp_path: Path
) -> None:
    data = make()
    inspected = inspect(put(tmp_path, data, "no-extension"), name="holiday.exe")
    assert inspected == Inspected(content_type, extension, pages, len(data), hashlib.sha256(data).hexdigest())


def archive_of_pdfs() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(3):
            member = tarfile.TarInfo(f"letter{number}.pdf")
            member.size = len(papers.text_pdf())
            archive.addfile(member, io.BytesIO(papers.text_pdf()))
    return buffer.getvalue()


def word_document() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "code", "remedy"),
    [
        (papers.empty, "empty", "add it again"),
        (papers.zip_renamed, "unsupported", "Save it as a PDF"),
        (papers.html_renamed, "unsupported", "Save it as a PDF"),
        (archive_of_pdfs, "unsupported", "Save it as a PDF"),
        (word_document, "unsupported", "Save it as a PDF"),
        (lambda: b"MZ" + bytes(500), "unsupported", "Save it as a PDF"),
        (lambda: b"\x7fELF" + bytes(500), "unsupported", "Save it as a PDF"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported", "Save it as a PDF"),
        (lambda: b"GIF89a" + bytes(500), "unsupported", "Save it as a PDF"),
        (lambda: "Dear colleague,\n".encode("utf-16"), "unsupported", "Save it as a PDF"),
        (lambda: b"\n" * 2000 + papers.text_pdf(), "unsupported", "Save it as a PDF"),
        (papers.encrypted_pdf, "encrypted", "Save it without a password"),
        (papers.broken_pdf, "broken", "Save or scan it again"),
        (papers.truncated_pdf, "broken", "Save or scan it again"),
        (lambda: papers.photo_jpeg()[:-5000], "broken", "Save or scan it again"),
        (lambda: papers.screenshot_png()[:-5000], "broken", "Save or scan it again"),
        (lambda: papers.fax_tiff()[:-5000], "broken", "Save or scan it again"),
        (lambda: papers.big_pdf(MAX_BYTES + 1_000_000), "too_large", "split it"),
        (lambda: papers.text_pdf(pages=MAX_PAGES + 1), "too_many_pages", "Split it into several faxes"),
        (papers.many_frames_tiff, "too_many_pages", "Split it into several faxes"),
        (papers.huge_dimension_png, "bomb", "Print it to a new PDF"),
    ],
)
def test_everything_else_is_refused_with_the_name_and_a_remedy(
    make: papers.Maker, code: str, remedy: str, tmp_path: Path
) -> None:
    error = refused(put(tmp_path, make(), "stored-elsewhere"))
    assert error.code == code
    assert str(error).startswith("“referral.pdf” ") and remedy in str(error)
    # Neither where the file lies nor what a library had to say about it.
    assert "stored-elsewhere" not in str(error) and str(tmp_path) not in str(error)


def test_the_limits_are_the_stricter_reading_of_telnyx() -> None:
    assert (MAX_BYTES, UPLOAD_MAX, MAX_PAGES) == (50_000_000, 20_000_000, 350)


def test_limits_include_their_value(tmp_path: Path) -> None:
    path = put(tmp_path, papers.text_pdf())
    size = path.stat().st_size
    assert inspect(path, name="x", max_bytes=size, max_pages=3).pages == 3
    assert refused(path, max_bytes=size - 1).code == "too_large"
    assert refused(path, max_pages=2).code == "too_many_pages"


def test_frames_of_a_tiff_count_against_the_limit(tmp_path: Path) -> None:
    path = put(tmp_path, papers.fax_tiff(3))
    assert inspect(path, name="x", max_pages=3).pages == 3
    assert "more than 2 pages" in str(refused(path, max_pages=2))


def test_lines_before_the_header_of_a_pdf_do_no_harm(tmp_path: Path) -> None:
    job = b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n" + b"\r\n" * 400
    assert inspect(put(tmp_path, job + papers.text_pdf()), name="x").pages == 3


def test_a_pdf_locked_by_a_certificate_is_encrypted(tmp_path: Path) -> None:
    data = papers.text_pdf().replace(b"trailer\n<<", b"trailer\n<< /Encrypt << /Filter /Adobe.PubSec /V 4 >>")
    assert refused(put(tmp_path, data)).code == "encrypted"


def test_the_place_of_a_file_does_not_change_what_is_wrong_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "encryption, memory limit exceeded"
    folder.mkdir()
    assert refused(put(folder, papers.broken_pdf())).code == "broken"


def test_a_pdf_that_lost_only_its_table_is_repaired(tmp_path: Path) -> None:
    whole = papers.text_pdf()
    assert inspect(put(tmp_path, whole[: whole.rindex(b"xref\n0") + 40]), name="x").pages == 3


def test_a_repaired_page_may_have_its_drawing_in_parts_but_needs_them_all(tmp_path: Path) -> None:
    def part(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].contents_add(b"0 0 m 9 9 l S")
        assert isinstance(pdf.pages[0].obj.Contents, Array)

    whole = changed(papers.text_pdf(1), part)
    headless = whole[: whole.rindex(b"xref\n0") + 40]
    assert inspect(put(tmp_path, headless), name="x").pages == 1
    with pikepdf.open(io.BytesIO(whole)) as pdf:
        number, _ = pdf.pages[0].obj.Contents[1].objgen
    assert refused(put(tmp_path, headless.replace(b"\n%d 0 obj" % number, b"\n%d 0 jbo" % number))).code == "broken"


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8, 0.95])
@pytest.mark.parametrize("make", [papers.text_pdf, papers.scanned_pdf, papers.form_pdf, papers.fax_tiff])
def test_a_file_cut_off_is_never_taken_for_a_shorter_one(make: papers.Maker, share: float, tmp_path: Path) -> None:
    data = make()
    whole = inspect(put(tmp_path, data, "whole"), name="x").pages
    try:
        assert inspect(put(tmp_path, data[: int(len(data) * share)]), name="x").pages == whole
    except DocumentError as error:
        assert error.code == "broken"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_tiff_cut_off_anywhere_never_counts_fewer_pages(tmp_path: Path) -> None:
    frames = [Image.new("1", (64, 64), number % 2) for number in range(2)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], compression="group4", dpi=(204, 196))
    data = buffer.getvalue()
    assert inspect(put(tmp_path, data), name="x").pages == 2
    for length in range(50, len(data)):
        try:
            assert inspect(put(tmp_path, data[:length]), name="x").pages == 2
        except DocumentError as error:
            assert error.code == "broken"


def test_a_lost_page_is_noticed(tmp_path: Path) -> None:
    data = papers.text_pdf()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        number, _ = pdf.pages[1].objgen
    assert refused(put(tmp_path, data.replace(b"\n%d 0 obj" % number, b"\n%d 0 jbo" % number))).code == "broken"


def test_pages_are_counted_not_believed(tmp_path: Path) -> None:
    data = papers.text_pdf().replace(b"/Count 3", b"/Count 1")
    assert b"/Count 1" in data
    assert inspect(put(tmp_path, data), name="x").pages == 3
    assert refused(put(tmp_path, data), max_pages=2).code == "too_many_pages"


def test_a_pdf_without_pages_is_broken(tmp_path: Path) -> None:
    def tear_out(pdf: pikepdf.Pdf) -> None:
        pdf.Root.Pages.Kids = Array()
        pdf.Root.Pages.Count = 0

    assert refused(put(tmp_path, changed(papers.text_pdf(), tear_out))).code == "broken"


def test_a_portfolio_is_refused_since_its_page_is_not_the_document(tmp_path: Path) -> None:
    def pack(pdf: pikepdf.Pdf) -> None:
        pdf.attachments["letter.pdf"] = papers.text_pdf()
        pdf.Root.Collection = Dictionary(Type=Name.Collection)

    error = refused(put(tmp_path, changed(papers.text_pdf(), pack)))
    assert error.code == "unsupported" and "one by one" in str(error)


def test_an_attachment_alone_is_no_portfolio(tmp_path: Path) -> None:
    def attach(pdf: pikepdf.Pdf) -> None:
        pdf.attachments["invoice.xml"] = b"<invoice/>"

    assert inspect(put(tmp_path, changed(papers.text_pdf(), attach)), name="x").pages == 3


def test_a_form_that_only_adobe_draws_is_refused(tmp_path: Path) -> None:
    def make_live(pdf: pikepdf.Pdf) -> None:
        pdf.Root.NeedsRendering = True
        pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=pdf.make_stream(b"<xdp/>"))

    error = refused(put(tmp_path, changed(papers.text_pdf(pages=1), make_live)))
    assert error.code == "unsupported" and "Adobe Reader" in str(error)


def test_a_photo_is_one_page_whatever_else_the_camera_stored(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    photo = Image.open(io.BytesIO(papers.photo_jpeg()))
    photo.save(buffer, "MPO", save_all=True, append_images=[photo.resize((160, 120))])
    inspected = inspect(put(tmp_path, buffer.getvalue()), name="x")
    assert (inspected.content_type, inspected.pages) == ("image/jpeg", 1)
