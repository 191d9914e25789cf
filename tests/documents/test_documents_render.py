"""Pages as pictures: the right size, the right page, and never two threads inside PDFium."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageDraw

from documents import DocumentError, PageOutOfRange, merge, render_page
from tests import papers
from tests.documents.desk import difference, put, seen

ROOT = Path(__file__).parents[2]


def picture(path: Path, page: int = 1, *, width: int) -> Image.Image:
    data = render_page(path, page, width=width)
    assert data.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(data))


def blank_page(width: float, height: float) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page().obj.MediaBox = pikepdf.Array([0, 0, width, height])
        pdf.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("width", [64, 100, 333, 1000, 2400])
@pytest.mark.parametrize(
    ("make", "ratio"),
    [
        (papers.text_pdf, 792 / 612),
        (papers.scanned_pdf, 792 / 612),
        (papers.fax_tiff, (2156 / 196) / (1728 / 204)),
        (papers.photo_jpeg, 3 / 4),
        (papers.screenshot_png, 800 / 1280),
    ],
)
def test_a_page_is_as_wide_as_asked_and_in_shape(make: papers.Maker, ratio: float, width: int, tmp_path: Path) -> None:
    page = picture(put(tmp_path, make()), width=width)
    assert page.width == width
    assert abs(page.height - width * ratio) <= 1


@pytest.mark.parametrize(("asked", "given"), [(-5, 64), (0, 64), (63, 64), (2401, 2400), (10**9, 2400)])
def test_the_width_is_bounded(asked: int, given: int, tmp_path: Path) -> None:
    assert picture(put(tmp_path, papers.text_pdf(1)), width=asked).width == given


def strip(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), 200).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("data", [blank_page(3, 14_000), strip(1, 100_000), blank_page(1, 100_000)])
def test_a_page_as_long_as_a_street_stays_small(data: bytes, tmp_path: Path) -> None:
    page = picture(put(tmp_path, data), width=2400)
    assert page.width <= 2400 and page.height <= 4800


@pytest.mark.parametrize("data", [blank_page(14_000, 3), strip(100_000, 1), blank_page(0.001, 0.001)])
def test_a_page_as_flat_as_a_ribbon_can_be_shown(data: bytes, tmp_path: Path) -> None:
    assert picture(put(tmp_path, data), width=500).width == 500


def test_each_page_is_the_one_asked_for(tmp_path: Path) -> None:
    fax = put(tmp_path, papers.fax_tiff(3), "fax.tif")
    merge([(fax, "fax.tif")], tmp_path / "fax.pdf")
    for path in (fax, tmp_path / "fax.pdf"):
        pages = [render_page(path, page, width=900) for page in (1, 2, 3)]
        assert len(set(pages)) == 3
        assert pages == [render_page(path, page, width=900) for page in (1, 2, 3)]


@pytest.mark.parametrize("make", [papers.text_pdf, papers.fax_tiff, papers.photo_jpeg, papers.screenshot_png])
@pytest.mark.parametrize("number", [-1, 0, 4, 10**12])
def test_a_page_that_does_not_exist_is_an_error_of_its_own(make: papers.Maker, number: int, tmp_path: Path) -> None:
    with pytest.raises(PageOutOfRange):
        render_page(put(tmp_path, make()), number, width=100)
    assert issubclass(PageOutOfRange, IndexError)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (papers.empty, "empty"),
        (papers.zip_renamed, "unsupported"),
        (papers.encrypted_pdf, "encrypted"),
        (papers.broken_pdf, "broken"),
        (papers.huge_dimension_png, "bomb"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(make: papers.Maker, code: str, tmp_path: Path) -> None:
    path = put(tmp_path, make())
    with pytest.raises(DocumentError) as caught:
        render_page(path, 1, width=100, name="referral.pdf")
    assert caught.value.code == code
    assert str(caught.value).startswith("“referral.pdf” ")


def test_without_colour_a_page_is_grey_and_with_it_stays_so(tmp_path: Path) -> None:
    assert picture(put(tmp_path, papers.text_pdf()), width=300).mode == "L"
    assert picture(put(tmp_path, papers.photo_jpeg()), width=300).mode == "RGB"
    with pikepdf.open(io.BytesIO(papers.text_pdf(1))) as pdf:
        # One small dot of colour is enough.
        pdf.pages[0].contents_add(b"0 0 1 rg 300 400 3 3 re f")
        pdf.save(tmp_path / "dot.pdf")
    assert picture(tmp_path / "dot.pdf", width=600).mode == "RGB"


def test_black_dots_become_grey_in_a_small_preview(tmp_path: Path) -> None:
    image = Image.new("1", (1728, 2156), 1)
    draw = ImageDraw.Draw(image)
    for left in range(0, 1728, 2):
        draw.line((left, 0, left, 2156), fill=0)
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", compression="group4", dpi=(204, 196))
    page = picture(put(tmp_path, buffer.getvalue()), width=216)
    assert page.mode == "L" and 100 < page.tobytes()[page.width * 50 + 50] < 155


def test_filled_fields_are_shown_without_the_tint_of_a_form(tmp_path: Path) -> None:
    path = put(tmp_path, papers.form_pdf(need_appearances=True))
    merge([(path, "form.pdf")], tmp_path / "flat.pdf")
    assert difference(seen(path, width=800), seen(tmp_path / "flat.pdf", width=800)) < 40


def test_four_threads_see_the_same_as_one(tmp_path: Path) -> None:
    makers = [
        papers.text_pdf,
        papers.scanned_pdf,
        papers.form_pdf,
        papers.active_pdf,
        papers.fax_tiff,
        papers.broken_pdf,
    ]
    paths = [put(tmp_path, make(), make.__name__) for make in makers]
    work = [(path, page) for path in paths for page in (1, 2, 3)] * 3

    def shown(path: Path, page: int) -> bytes | str:
        try:
            return render_page(path, page, width=200)
        except (PageOutOfRange, DocumentError) as error:
            return str(error)

    alone = [shown(*one) for one in work]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda one: shown(*one), work)) == alone


def test_merging_beside_previews_disturbs_neither(tmp_path: Path) -> None:
    form = put(tmp_path, papers.form_pdf(need_appearances=True))
    alone = merge([(form, "form.pdf")], tmp_path / "alone.pdf").sha256
    preview = render_page(form, 1, width=200)
    with ThreadPoolExecutor(4) as threads:
        faxes = [threads.submit(merge, [(form, "form.pdf")], tmp_path / f"{number}.pdf") for number in range(12)]
        previews = [threads.submit(render_page, form, 1, width=200) for _ in range(12)]
        assert {fax.result().sha256 for fax in faxes} == {alone}
        assert {shown.result() for shown in previews} == {preview}


def test_importing_documents_imports_no_heavy_library() -> None:
    program = (
        "import sys, documents\n"
        "heavy = {'pikepdf', 'PIL', 'pypdfium2', 'img2pdf', 'reportlab', 'django', 'lxml'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("ink", "mode"), [("red", "RGB"), ("blue", "RGB"), ("black", "L")])
def test_a_speck_of_colour_keeps_the_page_in_colour(ink: str, mode: str, tmp_path: Path) -> None:
    image, buffer = Image.new("RGB", (1200, 1550), "white"), io.BytesIO()
    ImageDraw.Draw(image).rectangle((601, 802, 602, 803), fill=ink)
    image.save(buffer, "PNG")
    assert picture(put(tmp_path, buffer.getvalue()), width=1200).mode == mode


@pytest.mark.parametrize(("turn", "size"), [(0, (100, 130)), (90, (130, 100)), (180, (100, 130)), (270, (130, 100))])
def test_a_page_can_be_turned(turn: int, size: tuple[int, int], tmp_path: Path) -> None:
    turned = Image.open(io.BytesIO(render_page(put(tmp_path, papers.text_pdf(1)), 1, width=100, turn=turn)))
    assert turned.size == size
