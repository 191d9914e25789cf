"""Pictures on fax pages: upright, on white, in a size that fits, and nothing of the camera with them."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from documents import merge
from documents.convert import placed
from tests import papers
from tests.documents.desk import difference, put, seen

WHITE, BLACK, GREY = 255, 0, 128


def merged(folder: Path, data: bytes) -> Path:
    out = folder / "fax.pdf"
    merge([(put(folder, data, "picture"), "picture")], out)
    return out


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pictures(pdf: pikepdf.Pdf) -> list[pikepdf.PdfImage]:
    """The one picture of each page."""
    images = [image for page in pdf.pages for image in page.get_images().values()]
    return [pikepdf.PdfImage(image) for image in images if isinstance(image, pikepdf.Stream)]


def coding(path: Path) -> list[str]:
    """How the picture on the first page is compressed."""
    with pikepdf.open(path) as pdf:
        return pictures(pdf)[0].filters


def quarters(image: Image.Image) -> list[int]:
    """The brightness in the middle of the four quarters: top left, top right, bottom left, bottom right."""
    grey = image.convert("L").resize((4, 4), Image.Resampling.BOX)
    shades = grey.tobytes()
    return [shades[0], shades[3], shades[12], shades[15]]


def sheet(width: int = 2550, height: int = 3300) -> Image.Image:
    """A page of which each quarter has its own shade: black, dark, bright, white."""
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2), fill=80)
    draw.rectangle((0, height // 2, width // 2, height), fill=170)
    draw.rectangle((width // 2, height // 2, width, height), fill=255)
    return image


def near(shades: list[int], expected: list[int]) -> bool:
    return all(abs(shade - other) < 12 for shade, other in zip(shades, expected, strict=True))


# What has to be done to a picture that carries this orientation to see it upright, undone.
UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "fax"])
@pytest.mark.parametrize("orientation", UNDO)
def test_every_orientation_of_a_camera_comes_out_upright(orientation: int, kind: str, tmp_path: Path) -> None:
    upright = sheet(850, 1100)
    turn = UNDO[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(turn) if turn is not None else upright
    if kind == "fax":
        # In one strip, as fax software writes it.
        tags = {274: orientation, 278: stored.height}
        data = saved(stored.convert("1"), "TIFF", compression="group4", dpi=(100, 100), tiffinfo=tags)
    else:
        data = saved(stored, kind, dpi=(100, 100), exif=exif)
    for path in (put(tmp_path, data), merged(tmp_path, data)):
        page = seen(path, width=425)
        assert page.size == (425, 550)
        assert near(quarters(page), [0, 80, 170, 255])


def test_what_is_see_through_lies_on_white(tmp_path: Path) -> None:
    data = papers.screenshot_png(alpha=True)
    for path in (put(tmp_path, data), merged(tmp_path, data)):
        page = seen(path)
        assert page.getpixel((2, 2)) == (WHITE, WHITE, WHITE)
    with pikepdf.open(tmp_path / "fax.pdf") as pdf:
        assert "/SMask" not in pictures(pdf)[0].obj


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_shows_its_shades(mode: str, tmp_path: Path) -> None:
    image = sheet(850, 1100)
    image = image.convert("I").point(lambda shade: shade * 257) if mode == "I;16" else image
    data = saved(image.convert(mode), "PNG", dpi=(100, 100))
    for path in (put(tmp_path, data), merged(tmp_path, data)):
        assert near(quarters(seen(path, width=425)), [0, 80, 170, 255])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_of_jpeg_shows_its_shades(mode: str, progressive: bool, tmp_path: Path) -> None:
    data = saved(sheet(850, 1100).convert("RGB").convert(mode), "JPEG", dpi=(100, 100), progressive=progressive)
    for path in (put(tmp_path, data), merged(tmp_path, data)):
        assert near(quarters(seen(path, width=425)), [0, 80, 170, 255])


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("1", "group3"),
        ("1", "tiff_ccitt"),
        ("1", "packbits"),
        ("L", "raw"),
        ("L", "tiff_lzw"),
        ("RGB", "tiff_adobe_deflate"),
        ("RGB", "jpeg"),
        ("CMYK", "tiff_lzw"),
        ("RGBA", "packbits"),
        ("P", "tiff_lzw"),
        ("I;16", "tiff_lzw"),
        ("F", "raw"),
    ],
)
def test_every_kind_of_tiff_shows_its_shades(mode: str, compression: str, tmp_path: Path) -> None:
    image = sheet(850, 1100)
    image = image.convert("I").point(lambda shade: shade * 257) if mode == "I;16" else image
    data = saved(
        image.convert("RGB").convert(mode) if mode == "CMYK" else image.convert(mode),
        "TIFF",
        compression=compression,
        dpi=(100, 100),
    )
    for path in (put(tmp_path, data), merged(tmp_path, data)):
        assert near(quarters(seen(path, width=425)), [0, 80, 170, 255])


def test_a_received_fax_keeps_every_dot(tmp_path: Path) -> None:
    path = merged(tmp_path, papers.fax_tiff(3))
    original = Image.open(io.BytesIO(papers.fax_tiff(3)))
    with pikepdf.open(path) as pdf:
        for index, image in enumerate(pictures(pdf)):
            original.seek(index)
            assert image.filters == ["/CCITTFaxDecode"]
            assert image.as_pil_image().convert("1").tobytes() == original.convert("1").tobytes()
        # 1728 and 2156 dots at 204 x 196 dpi.
        assert [round(float(edge)) for edge in pdf.pages[0].mediabox.as_list()] == [0, 0, 610, 792]


def test_a_received_fax_is_copied_as_it_is_compressed(tmp_path: Path) -> None:
    data = papers.fax_tiff(1)
    length = Image.open(io.BytesIO(data)).tag_v2[279][0]  # type: ignore[attr-defined]
    # StripByteCounts, 279, says three bytes more than the picture needs: only a copy of the strip still has them.
    count = struct.Struct("<HHII")
    longer = data.replace(count.pack(279, 4, 1, length), count.pack(279, 4, 1, length + 3))
    assert longer != data
    with pikepdf.open(merged(tmp_path, longer)) as pdf:
        assert len(pictures(pdf)[0].obj.read_raw_bytes()) == length + 3


def test_black_and_white_stays_so_and_small(tmp_path: Path) -> None:
    page = papers.scanned_page().convert("1")
    path = merged(tmp_path, saved(page, "PNG", dpi=(150, 150)))
    assert coding(path) == ["/CCITTFaxDecode"]


def test_lines_twice_as_high_as_wide_are_shown_in_shape(tmp_path: Path) -> None:
    standard = Image.new("1", (1728, 1078), 1)
    data = saved(standard, "TIFF", compression="group4", dpi=(204, 98))
    for path in (put(tmp_path, data), merged(tmp_path, data)):
        assert seen(path, width=400).size in [(400, 519), (400, 520)]


@pytest.mark.parametrize(
    ("inches", "page", "image"),
    [
        # Scans stay as large as they are.
        ((8.5, 11), (612, 792), (612, 792)),
        ((8.27, 11.69), (595, 842), (595, 842)),
        ((8.5, 14), (612, 1008), (612, 1008)),
        ((11, 8.5), (792, 612), (792, 612)),
        # A photo of 4000 x 3000 dots at 72 dpi fills a letter page turned its way.
        ((55.6, 41.7), (792, 612), (756, 567)),
        ((41.7, 55.6), (612, 792), (567, 756)),
        # A small picture is not enlarged.
        ((3, 2), (792, 612), (216, 144)),
        ((0.01, 1000), (612, 792), (0, 756)),
    ],
)
def test_where_a_picture_lies(inches: tuple[float, float], page: tuple[int, int], image: tuple[int, int]) -> None:
    across, down, width, height = (round(points) for points in placed(*inches))
    assert (across, down) == page
    assert (width, height) == image


def test_frames_of_every_size_and_kind_can_follow_each_other(tmp_path: Path) -> None:
    first = sheet(850, 1100)
    frames = [sheet(5100, 6600), first.convert("1"), first.convert("RGB"), sheet(1700, 2200), first.rotate(180)]
    data = saved(first, "TIFF", save_all=True, append_images=frames, compression="tiff_lzw", dpi=(100, 100))
    path = merged(tmp_path, data)
    shades = [quarters(seen(path, number, width=425)) for number in range(1, 7)]
    assert [page == sorted(page) for page in shades] == [True] * 5 + [False]
    assert shades[5] == sorted(shades[5], reverse=True)


def test_a_photo_is_reduced_to_what_a_fax_can_show(tmp_path: Path) -> None:
    path = merged(tmp_path, papers.photo_jpeg(4032, 3024))
    with pikepdf.open(path) as pdf:
        assert pictures(pdf)[0].size == (3400, 2550)
    assert path.stat().st_size < len(papers.photo_jpeg(4032, 3024))


def test_a_page_scanned_in_colour_is_stored_as_a_photo(tmp_path: Path) -> None:
    noisy = Image.open(io.BytesIO(papers.photo_jpeg(1700, 2200)))
    path = merged(tmp_path, saved(noisy, "TIFF", compression="tiff_lzw", dpi=(200, 200)))
    assert coding(path) == ["/DCTDecode"]


def test_a_drawing_keeps_its_sharp_edges(tmp_path: Path) -> None:
    data = papers.screenshot_png()
    path = merged(tmp_path, data)
    assert coding(path) == ["/FlateDecode"]
    with pikepdf.open(path) as pdf:
        copy = pictures(pdf)[0].as_pil_image()
    assert difference(copy, Image.open(io.BytesIO(data))) == 0


def test_colours_are_left_to_the_screen(tmp_path: Path) -> None:
    data = papers.photo_jpeg()
    assert Image.open(io.BytesIO(data)).mode == "RGB"
    with pikepdf.open(merged(tmp_path, data)) as pdf:
        assert pictures(pdf)[0].mode == "L"


def test_a_resolution_of_nothing_over_nothing_is_ignored(tmp_path: Path) -> None:
    data = papers.fax_tiff(1)
    rational = struct.Struct("<II")
    senseless = data.replace(rational.pack(204, 1), bytes(8)).replace(rational.pack(196, 1), bytes(8))
    assert senseless != data
    with pikepdf.open(merged(tmp_path, senseless)) as pdf:
        assert [float(edge) for edge in pdf.pages[0].mediabox.as_list()] == [0, 0, 612, 792]


def camera_files() -> dict[str, bytes]:
    """Pictures that say in every way they can which camera they are from."""
    image, profile = sheet(850, 1100), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Pocket Camera", zip=False)
    exif = Image.Exif()
    exif[0x010F] = "Pocket Camera"
    tags = {315: "Pocket Camera", 270: "Pocket Camera"}
    return {
        "JPEG": saved(image, "JPEG", comment="Pocket Camera", exif=exif, icc_profile=profile),
        "PNG": saved(image.convert("RGB"), "PNG", pnginfo=text, exif=exif, icc_profile=profile),
        "TIFF": saved(image, "TIFF", tiffinfo=tags, icc_profile=profile),
        "fax": saved(
            image.convert("1"), "TIFF", tiffinfo=tags, icc_profile=profile, compression="group4", dpi=(204, 196)
        ),
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "fax"])
def test_nothing_of_the_camera_is_sent(kind: str, tmp_path: Path) -> None:
    data = camera_files()[kind]
    assert b"Pocket Camera" in data
    path = merged(tmp_path, data)
    content = path.read_bytes()
    assert b"Pocket Camera" not in content and b"Exif" not in content
    with pikepdf.open(path) as pdf:
        assert pictures(pdf)[0].obj.ColorSpace == pikepdf.Name.DeviceGray


@pytest.mark.parametrize("mode", ["L", "1"])
@pytest.mark.parametrize("dpi", [(0, 0), (1, 1), (72, 0), (0.2, 300), None])
def test_a_senseless_resolution_is_ignored(dpi: tuple[int, int] | None, mode: str, tmp_path: Path) -> None:
    data = saved(sheet(850, 1100).convert(mode), "TIFF", **({"dpi": dpi} if dpi else {}))
    with pikepdf.open(merged(tmp_path, data)) as pdf:
        # As on a screen of 96 dpi: 8.85 inches wide, hence reduced to fit.
        assert [float(edge) for edge in pdf.pages[0].mediabox.as_list()] == [0, 0, 612, 792]
