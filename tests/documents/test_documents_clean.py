"""A fax holds what is seen on the pages, all of it, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from documents import merge
from tests import papers
from tests.documents.desk import difference, put, seen, texts

Change = Callable[[Pdf], None]
# A drawing that moved by a hundredth of a dot has slightly other edges. A letter more or less makes 150.
ALIKE = 40
FORBIDDEN_KEYS = {
    *("/JS", "/JavaScript", "/OpenAction", "/AA", "/A", "/XFA", "/AcroForm", "/Annots", "/EmbeddedFiles", "/EF"),
    *("/AF", "/Names", "/Outlines", "/Metadata", "/PieceInfo", "/Info", "/Launch", "/Dests", "/Collection", "/Next"),
    *("/RichMediaContent", "/URI", "/StructTreeRoot", "/Thumb", "/Trans", "/Alternates", "/OPI", "/Ref", "/FFilter"),
}
ACTIONS = {
    *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/URI", "/Rendition", "/Movie"),
    *("/Sound", "/Named", "/Hide", "/ResetForm", "/GoTo", "/Thread", "/Trans", "/SetOCGState"),
}


def merged(folder: Path, data: bytes) -> Path:
    out = folder / "fax.pdf"
    merge([(put(folder, data), "paper.pdf")], out)
    return out


def changed(data: bytes, change: Change) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(buffer)
    return buffer.getvalue()


def letter(change: Change) -> bytes:
    return changed(papers.text_pdf(1), change)


def everything_in(thing: Object | None) -> Iterator[tuple[str, Object]]:
    """Every key with its value, in dictionaries within dictionaries."""
    if isinstance(thing, Dictionary | Stream):
        for key, value in thing.items():
            yield key, value
            if not getattr(value, "is_indirect", False):
                yield from everything_in(value)
    elif isinstance(thing, Array):
        for value in thing:
            if not getattr(value, "is_indirect", False):
                yield from everything_in(value)


def trespassers(path: Path) -> list[str]:
    """What is in the file without being a drawing."""
    with pikepdf.open(path) as pdf:
        found = [pair for thing in pdf.objects for pair in everything_in(thing)]
        found += list(pdf.trailer.items())
        keys = {key for key, _ in found} & FORBIDDEN_KEYS
        actions = {str(value) for key, value in found if key == "/S" and isinstance(value, Name)} & ACTIONS
        streams = [thing for thing in pdf.objects if isinstance(thing, Stream) and thing.get("/Subtype") != "/Image"]
        contents = b"".join(stream.read_bytes() for stream in streams)
    return sorted(keys | actions) + ["attachment"] * (b"attached secret" in contents)


def test_the_search_for_trespassers_finds_them_in_the_original(tmp_path: Path) -> None:
    found = trespassers(put(tmp_path, papers.active_pdf()))
    expected = {"/JS", "/JavaScript", "/OpenAction", "/AA", "/XFA", "/EmbeddedFiles", "/EF", "/Launch", "/SubmitForm"}
    assert expected | {"/ImportData", "/GoToE", "/Rendition", "/RichMediaContent", "attachment"} <= set(found)


def test_nothing_active_and_no_passenger_gets_through(tmp_path: Path) -> None:
    assert trespassers(merged(tmp_path, papers.active_pdf())) == []


def test_the_page_of_an_active_file_looks_as_before(tmp_path: Path) -> None:
    path = put(tmp_path, papers.active_pdf(), "original")
    assert difference(seen(path), seen(merged(tmp_path, papers.active_pdf()))) < ALIKE
    assert "seen" in texts(tmp_path / "fax.pdf")[0]


@pytest.mark.parametrize("make", [papers.text_pdf, papers.form_pdf, papers.active_pdf, papers.owner_locked_pdf])
def test_the_file_tells_nothing_about_its_author(make: papers.Maker, tmp_path: Path) -> None:
    path = merged(tmp_path, make())
    with pikepdf.open(path) as pdf:
        assert set(pdf.trailer.keys()) <= {"/Root", "/Size", "/ID"}
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
    assert b"Jane Roe" not in path.read_bytes() and b"ReportLab" not in path.read_bytes()


@pytest.mark.parametrize("need_appearances", [False, True])
def test_filled_fields_look_as_before_and_are_fields_no_more(need_appearances: bool, tmp_path: Path) -> None:
    data = papers.form_pdf(need_appearances)
    path = merged(tmp_path, data)
    assert difference(seen(put(tmp_path, data, "original"), width=1200), seen(path, width=1200)) < ALIKE
    assert trespassers(path) == []
    text = texts(path)[0]
    assert all(value in text for value in ("Jane Roe", "Gold", "Allergic to penicillin", "Call after five"))


def test_values_without_a_drawing_are_drawn_even_when_the_form_does_not_ask_for_it(tmp_path: Path) -> None:
    def forget(pdf: Pdf) -> None:
        del pdf.Root.AcroForm.NeedAppearances

    path = merged(tmp_path, changed(papers.form_pdf(need_appearances=True), forget))
    assert "Jane Roe" in texts(path)[0]


@pytest.mark.parametrize("need_appearances", [False, True])
def test_a_hidden_field_stays_hidden(need_appearances: bool, tmp_path: Path) -> None:
    path = merged(tmp_path, papers.form_pdf(need_appearances))
    assert "HIDDEN" not in texts(path)[0]
    with pikepdf.open(path) as pdf:
        drawings = b"".join(thing.read_bytes() for thing in pdf.objects if isinstance(thing, Stream))
    assert b"HIDDEN" not in drawings and b"Jane Roe" in drawings


def annotated(**entries: object) -> Change:
    """A stamp that says STAMPED, with further entries."""

    def change(pdf: Pdf) -> None:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        look = pdf.make_stream(b"BT /F1 20 Tf 5 5 Td (STAMPED) Tj ET")
        look.Subtype, look.BBox = Name.Form, Array([0, 0, 150, 30])
        look.Resources = Dictionary(Font=Dictionary(F1=font))
        stamp = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=[100, 200, 250, 230], AP=Dictionary(N=look))
        for key, value in entries.items():
            stamp[f"/{key}"] = value
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(stamp)])

    return change


@pytest.mark.parametrize(
    ("flags", "visible"),
    [
        (0, True),
        (4, True),
        # Hidden, and hidden although printed.
        (2, False),
        (6, False),
        # Not on the screen: shown only where it is printed.
        (32, False),
        (36, True),
        # Meant for kinds of annotations unknown to the reader; a stamp is known.
        (1, True),
    ],
)
def test_annotations_are_seen_as_on_the_screen_or_on_paper(flags: int, visible: bool, tmp_path: Path) -> None:
    path = merged(tmp_path, letter(annotated(F=flags)))
    assert ("STAMPED" in texts(path)[0]) is visible


@pytest.mark.filterwarnings("ignore::pikepdf.PageCopyWarning")
@pytest.mark.parametrize(("kind", "visible"), [("Popup", False), ("Link", True), ("Widget", True), ("Unheard", True)])
def test_a_note_that_pops_up_does_not_cover_the_page(kind: str, visible: bool, tmp_path: Path) -> None:
    path = merged(tmp_path, letter(annotated(F=4, Subtype=Name(f"/{kind}"))))
    assert ("STAMPED" in texts(path)[0]) is visible


def test_metadata_that_is_no_metadata_is_passed_over_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(papers.form_pdf(need_appearances=True))) as pdf:
        pdf.Root.Metadata = pdf.make_stream(b"<html>not what it says</html>", Type=Name.Metadata, Subtype=Name.XML)
        pdf.save(buffer, fix_metadata_version=False)
    caplog.clear()
    merged(tmp_path, buffer.getvalue())
    assert caplog.records == []


def test_marks_that_are_data_only_are_drawn(tmp_path: Path) -> None:
    def sign(pdf: Pdf) -> None:
        line = Array([310, 150, 350, 230, 400, 160, 490, 220])
        ink = Dictionary(Type=Name.Annot, Subtype=Name.Ink, Rect=[300, 140, 500, 240], InkList=[line], C=[0, 0, 1], F=4)
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(ink)])

    data = letter(sign)
    original, plain = seen(put(tmp_path, data, "signed")), seen(put(tmp_path, papers.text_pdf(1), "unsigned"))
    assert difference(original, plain) > 100
    assert difference(original, seen(merged(tmp_path, data))) < ALIKE


@pytest.mark.filterwarnings("ignore::pikepdf.PageCopyWarning")
def test_a_field_that_lost_its_form_keeps_its_look(tmp_path: Path) -> None:
    def orphan(pdf: Pdf) -> None:
        del pdf.Root.AcroForm

    assert "Jane Roe" in texts(merged(tmp_path, changed(papers.form_pdf(), orphan)))[0]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_with_a_stamp_looks_as_before(turn: int, tmp_path: Path) -> None:
    def rotate(pdf: Pdf) -> None:
        annotated(F=4)(pdf)
        pdf.pages[0].rotate(turn, relative=False)

    data = letter(rotate)
    before, after = seen(put(tmp_path, data, "original")), seen(merged(tmp_path, data))
    assert (before.width > before.height) is (turn != 180)
    assert difference(before, after) < ALIKE


def layered(*, base_state: str, on: bool, name: str = "Comments for colleagues") -> bytes:
    """A letter with a layer that says INTERNAL, switched on or off in one of two ways."""

    def change(pdf: Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String(name), Private=String("draft")))
        config = Dictionary(BaseState=Name(base_state), ON=Array(), OFF=Array())
        if on:
            config.ON.append(layer)
        elif base_state == "/ON":
            config.OFF.append(layer)
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=config)
        page = pdf.pages[0]
        page.obj.Resources.Properties = Dictionary(MC0=layer)
        page.contents_add(b"/OC /MC0 BDC 100 150 400 100 re f EMC")

    return letter(change)


@pytest.mark.parametrize(
    ("base_state", "on", "visible"),
    [("/ON", False, False), ("/ON", True, True), ("/OFF", True, True), ("/OFF", False, False)],
)
def test_a_layer_is_as_visible_as_it_was(base_state: str, on: bool, visible: bool, tmp_path: Path) -> None:
    path = merged(tmp_path, layered(base_state=base_state, on=on))
    assert (seen(path).getpixel((300, 600)) == (0, 0, 0)) is visible
    with pikepdf.open(path) as pdf:
        (layer,) = pdf.Root.OCProperties.OCGs.as_list()
        assert "/Private" not in layer


def test_layers_of_several_files_do_not_meet(tmp_path: Path) -> None:
    states = [("/ON", False), ("/ON", True), ("/OFF", False)]
    sources = [
        (put(tmp_path, layered(base_state=base, on=on), f"{number}"), f"{number}")
        for number, (base, on) in enumerate(states)
    ]
    merge(sources, tmp_path / "fax.pdf")
    shown = [seen(tmp_path / "fax.pdf", page).getpixel((300, 600)) == (0, 0, 0) for page in (1, 2, 3)]
    assert shown == [False, True, False]


def test_an_annotation_on_a_hidden_layer_stays_hidden(tmp_path: Path) -> None:
    def change(pdf: Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Draft")))
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
        annotated(F=4, OC=layer)(pdf)

    assert "STAMPED" not in texts(merged(tmp_path, letter(change)))[0]


@pytest.mark.parametrize(
    ("crop", "expected"),
    [
        ([50, 100, 400, 700], [50, 100, 400, 700]),
        ([-100, 600, 300, 2000], [0, 600, 300, 792]),
        # Boxes that cannot be meant.
        ([700, 800, 900, 1000], [0, 0, 612, 792]),
        ([0, 0, 0, 0], [0, 0, 612, 792]),
        ([1, 2], [0, 0, 612, 792]),
    ],
)
def test_what_was_cropped_away_is_outside_the_page(crop: list[int], expected: list[int], tmp_path: Path) -> None:
    def change(pdf: Pdf) -> None:
        pdf.pages[0].obj.CropBox = Array(crop)

    with pikepdf.open(merged(tmp_path, letter(change))) as pdf:
        assert [float(edge) for edge in pdf.pages[0].mediabox.as_list()] == expected
        assert "/CropBox" not in pdf.pages[0].obj


def test_a_page_without_a_size_is_a_letter_page(tmp_path: Path) -> None:
    def change(pdf: Pdf) -> None:
        del pdf.pages[0].obj.MediaBox

    with pikepdf.open(merged(tmp_path, letter(change))) as pdf:
        assert [float(edge) for edge in pdf.pages[0].mediabox.as_list()] == [0, 0, 612, 792]


def test_earlier_revisions_stay_behind(tmp_path: Path) -> None:
    data = letter(lambda pdf: None)
    start = data.rindex(b"startxref") + len(b"startxref\n")
    position = len(data) + 1
    # An update at the end of the file, as editors write it: the object of the old revision is still there.
    update = b"\n99 0 obj\n(retracted diagnosis)\nendobj\nxref\n99 1\n%010d 00000 n \n" % position
    trailer = b"trailer << /Size 100 /Root 1 0 R /Prev %s >>\n" % data[start:].split()[0]
    path = put(tmp_path, data + update + trailer + b"startxref\n%d\n%%%%EOF\n" % data.rindex(b"xref\n0"), "original")
    assert b"retracted diagnosis" in path.read_bytes()
    assert b"retracted diagnosis" not in merged(tmp_path, path.read_bytes()).read_bytes()


def test_pictures_in_a_pdf_lose_what_they_carry_besides_their_pixels(tmp_path: Path) -> None:
    def change(pdf: Pdf) -> None:
        image = pdf.pages[0].obj.Resources.XObject.Im0
        image.Metadata = pdf.make_stream(b"<x:xmpmeta>Pocket Camera</x:xmpmeta>")
        image.Alternates = Array([Dictionary(Image=image, DefaultForPrinting=True)])
        image.PieceInfo = Dictionary(Editor=Dictionary(Private=String("Pocket Camera")))
        image.FFilter = Name.FlateDecode
        image.F = Dictionary(Type=Name.Filespec, F=String("http://example.org/other.jpg"))

    path = merged(tmp_path, changed(papers.scanned_pdf(1), change))
    assert trespassers(path) == []
    assert b"Pocket Camera" not in path.read_bytes() and b"example.org" not in path.read_bytes()
    assert difference(seen(path), seen(put(tmp_path, papers.scanned_pdf(1), "plain"))) == 0
