"""Files made to do harm: they are refused in words, soon, and without taking the memory of the house."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents import DocumentError, PageOutOfRange, inspect, merge, render_page
from tests import papers
from tests.documents.desk import put

# Seconds of work, whatever else the machine is busy with.
SOON = 10.0
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
LINE = b"0 0 m 9 9 l S "


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    body, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return bytes(body) + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (size, table, trailer)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def form(data: bytes, uses: int | None = None) -> bytes:
    """A piece of drawing that may use the piece of another number by the name X."""
    resources = b"/Resources<</XObject<</X %d 0 R>>>>" % uses if uses else b""
    return stream(data, b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]" + resources)


def one_page(*rest: bytes, entries: bytes = b"/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>") -> bytes:
    """A PDF of one page; `rest` are the objects from number 4 on."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]%s>>" % entries
    return pdf(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, *rest)


def packed(unit: bytes, size: int) -> bytes:
    """`size` bytes of repetition, compressed some hundred times."""
    packer, block = zlib.compressobj(1), unit * (1024 * 1024 // len(unit))
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


PACKED = packed(LINE, 64 * 1024 * 1024)


def nested(depth: int, uses: bytes) -> bytes:
    """Every piece uses the next one several times: the billion laughs."""
    pieces = [form(uses, 6 + level) for level in range(depth)]
    return one_page(stream(b"/X Do"), *pieces, form(LINE))


def packed_twice() -> bytes:
    return one_page(stream(zlib.compress(PACKED), b"/Filter[/FlateDecode/FlateDecode]"), form(LINE))


def stamp(look: bytes) -> bytes:
    annotation = b"<</Type/Annot/Subtype/Stamp/Rect[0 0 9 9]/F 4/AP<</N 6 0 R>>>>"
    return one_page(stream(LINE), annotation, look, entries=b"/Contents 4 0 R/Annots[5 0 R]")


def many_drawings() -> bytes:
    """Each of the pieces is bearable, and none is even used; but who looks at all of them has no time left."""
    bearable = packed(LINE, 30 * 1024 * 1024)
    names = b"".join(b"/N%d %d 0 R" % (number, 5 + number) for number in range(40))
    entries = b"/Contents 4 0 R/Resources<</XObject<<%s>>>>" % names
    return one_page(stream(LINE), *[stream(bearable, b"/Subtype/Form/Filter/FlateDecode")] * 40, entries=entries)


def object_stream() -> bytes:
    """The page itself lies in a packed stream of objects that goes on and on."""
    objects = stream(packed(b"4 0 " + b" " * 60, 64 * 1024 * 1024), b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode")
    parts = [CATALOG, b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>", b"<</Type/Page/Parent 2 0 R>>", objects]
    body, rows = bytearray(b"%PDF-1.7\n"), [(0, 0, 65535)]
    for number, part in zip((1, 2, 3, 5), parts, strict=True):
        rows.append((1, len(body), 0))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    rows.insert(4, (2, 5, 0))
    rows.append((1, len(body), 0))
    table = b"".join(bytes([kind]) + place.to_bytes(4, "big") + last.to_bytes(2, "big") for kind, place, last in rows)
    start = len(body)
    body += b"6 0 obj\n%s\nendobj\n" % stream(table, b"/Type/XRef/W[1 4 2]/Size 7/Root 1 0 R")
    return bytes(body) + b"startxref\n%d\n%%%%EOF\n" % start


def pages_of_pages() -> bytes:
    """Thirty knots, each of which holds the next one twice: a billion pages of one."""
    knots = [b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count 2>>" % (number + 3, number + 3) for number in range(30)]
    return pdf(CATALOG, *knots, b"<</Type/Page/MediaBox[0 0 612 792]>>")


BOMBS = {
    "a drawing that unpacks": one_page(stream(PACKED, b"/Filter/FlateDecode"), form(LINE)),
    "a drawing packed twice": packed_twice(),
    "a drawing in many parts": one_page(
        stream(packed(LINE, 1024 * 1024), b"/Filter/FlateDecode"),
        form(LINE),
        entries=b"/Contents[%s]" % (b"4 0 R " * 50),
    ),
    "a piece that unpacks": one_page(stream(b"/X Do"), stream(PACKED, b"/Subtype/Form/Filter/FlateDecode")),
    "pieces within pieces": nested(12, b"/X Do " * 10),
    "pieces within pieces, written in an unusual way": nested(12, b"/#58 Do /X%comment\nDo " * 5),
    "a chain of pieces": nested(200, b"/X Do"),
    "a piece that uses itself": one_page(stream(b"/X Do"), form(b"/X Do /X Do", 5)),
    "two pieces that use each other": one_page(stream(b"/X Do"), form(b"/X Do /X Do", 6), form(b"/X Do /X Do", 5)),
    "a stamp that unpacks": stamp(stream(PACKED, b"/Subtype/Form/BBox[0 0 9 9]/Filter/FlateDecode")),
    "a stamp that uses itself": stamp(form(b"/X Do /X Do", 6)),
    "many drawings": many_drawings(),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_defused(data: bytes, tmp_path: Path) -> None:
    path = put(tmp_path, data)
    begun = time.process_time()
    with pytest.raises(DocumentError) as caught:
        inspect(path, name="bomb.pdf")
    assert caught.value.code == "bomb"
    assert time.process_time() - begun < SOON


def test_a_bomb_is_not_merged_either(tmp_path: Path) -> None:
    path = put(tmp_path, BOMBS["pieces within pieces"])
    with pytest.raises(DocumentError) as caught:
        merge([(path, "bomb.pdf")], tmp_path / "fax.pdf")
    assert caught.value.code == "bomb"


@pytest.mark.parametrize("make", [object_stream, pages_of_pages])
def test_a_file_that_hides_its_pages_in_a_maze_is_broken(make: papers.Maker, tmp_path: Path) -> None:
    begun = time.process_time()
    with pytest.raises(DocumentError) as caught:
        inspect(put(tmp_path, make()), name="maze.pdf")
    assert caught.value.code == "broken"
    assert time.process_time() - begun < SOON


def test_a_letterhead_used_on_every_page_is_no_bomb(tmp_path: Path) -> None:
    # A hundred kilobytes of drawing, used three times on each of 300 pages.
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>"
    kids = b" ".join(b"%d 0 R" % number for number in range(6, 306))
    pages = b"<</Type/Pages/Kids[%s]/Count 300>>" % kids
    data = pdf(CATALOG, pages, b"null", stream(b"/X Do " * 3), form(LINE * 7000), *[page] * 300)
    assert inspect(put(tmp_path, data), name="letters.pdf").pages == 300


def test_a_page_tiled_with_many_pictures_is_no_bomb(tmp_path: Path) -> None:
    pixel = stream(b"\0", b"/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray")
    entries = b"/Contents 4 0 R/Resources<</XObject<</X 5 0 R/Im0 6 0 R>>>>"
    data = one_page(stream(b"/Im0 Do " * 5000 + b"/X Do"), form(LINE * 70_000), pixel, entries=entries)
    assert inspect(put(tmp_path, data), name="map.pdf").pages == 1


def test_a_picture_of_four_hundred_million_dots_is_not_decoded(tmp_path: Path) -> None:
    path = put(tmp_path, papers.huge_dimension_png())
    for look in (lambda: inspect(path, name="x"), lambda: render_page(path, 1, width=64)):
        begun = time.process_time()
        with pytest.raises(DocumentError) as caught:
            look()
        assert caught.value.code == "bomb" and time.process_time() - begun < 1


def test_a_colour_picture_below_the_limit_of_the_library_can_still_be_too_much(tmp_path: Path) -> None:
    # 42 million dots of four bytes each.
    with pytest.raises(DocumentError) as caught:
        inspect(put(tmp_path, papers.huge_dimension_png(6500, 6500, colour=True)), name="x")
    assert caught.value.code == "bomb"


# Whatever happens to a file on its way, the answer is a page count or a sentence.
SEEDS = [
    papers.active_pdf(),
    papers.form_pdf(),
    papers.form_pdf(need_appearances=True),
    papers.text_pdf(2),
    papers.owner_locked_pdf(),
    papers.encrypted_pdf(),
    papers.fax_tiff(2),
    papers.photo_jpeg(160, 120, 6),
    papers.screenshot_png(alpha=True),
]
WORDS = [
    *(b"null", b"0 R", b"[", b"]", b"<<", b">>", b"(", b"true", b"-1", b"1e400", b"99999999999999999999", b"/Kids"),
    *(
        b"/Type",
        b"/Page",
        b"1 0 R",
        b"2 0 R",
        b"3 0 R",
        b"4 0 R",
        b"/Filter/FlateDecode",
        b"/Subtype/Form",
        b"\xff\xd8",
    ),
]
position = st.floats(0, 1, exclude_max=True)
change = st.one_of(
    st.tuples(position, st.just(1), st.binary(min_size=1, max_size=1)),
    st.tuples(position, st.just(0), st.sampled_from(WORDS)),
    st.tuples(position, st.integers(1, 8), st.sampled_from(WORDS)),
    st.tuples(position, st.integers(1, 60), st.just(b"")),
    st.tuples(position, st.just(10**9), st.just(b"")),
)
quietly = pytest.mark.filterwarnings("ignore::UserWarning")
often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def survives(path: Path) -> None:
    """Looked at, shown and merged; and what can be looked at can be merged."""
    accepted = 0
    try:
        accepted = inspect(path, name="damaged").pages
        assert merge([(path, "damaged")], path.with_name("fax.pdf")).pages == accepted
    except DocumentError as error:
        assert not accepted, f"accepted, but not merged: {error}"
        assert "damaged" in str(error)
    try:
        assert render_page(path, 1, width=64).startswith(b"\x89PNG")
    except (DocumentError, PageOutOfRange):
        pass


@quietly
@often
@given(data=st.binary(max_size=2000), magic=st.sampled_from([b"", b"%PDF-1.7\n", b"II*\0", b"MM\0*", b"\xff\xd8\xff"]))
def test_random_bytes_are_no_accident(data: bytes, magic: bytes, tmp_path: Path) -> None:
    survives(put(tmp_path, magic + data))


@quietly
@often
@given(seed=st.sampled_from(SEEDS), changes=st.lists(change, min_size=1, max_size=8))
def test_damaged_files_are_no_accident(seed: bytes, changes: list[tuple[float, int, bytes]], tmp_path: Path) -> None:
    data = bytearray(seed)
    for place, length, replacement in changes:
        start = int(place * len(data))
        data[start : start + length] = replacement
    survives(put(tmp_path, bytes(data)))
