"""Papers for tests: every function returns the bytes of one file, made once per process and the same every time."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import LETTER
from reportlab.pdfgen.canvas import Canvas

Maker = Callable[[], bytes]

FAX_DPI = (204, 196)
FAX_SIZE = (1728, 2156)
SENTENCES = (
    "Thank you for seeing this patient at short notice.",
    "Please find attached the results of the last examination and the current list of medication.",
    "The patient reports pain in the left knee since spring, worse on stairs and after long walks.",
    "We would be grateful for your opinion on whether further imaging is needed.",
    "Please send your report to the number at the head of this page.",
)
ROWS = (("Item", "Dose", "Since"), ("Lisinopril", "10 mg", "2021-03"), ("Metformin", "500 mg", "2019-11"))


def _pdf(draw: Callable[[Canvas], None]) -> bytes:
    buffer = io.BytesIO()
    # invariant: no clock and no random identifier inside, so the same paper is always the same bytes.
    canvas = Canvas(buffer, pagesize=LETTER, invariant=1)
    draw(canvas)
    canvas.save()
    return buffer.getvalue()


def _saved(pdf: pikepdf.Pdf, encryption: pikepdf.Encryption | None = None) -> bytes:
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=encryption is None, encryption=encryption or False)
    return buffer.getvalue()


def _letter(canvas: Canvas, title: str, page: int, pages: int) -> None:
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(60, 735, "Riverside Family Clinic")
    canvas.setFont("Helvetica", 9)
    canvas.drawString(60, 720, "12 Mill Road, Springfield · Phone +1 312 555 0100 · Fax +1 312 555 0101")
    canvas.line(60, 712, 552, 712)
    canvas.setFont("Helvetica-Bold", 13)
    canvas.drawString(60, 680, title)
    canvas.setFont("Times-Roman", 11)
    for line in range(16):
        canvas.drawString(60, 655 - 16 * line, SENTENCES[(line + page) % len(SENTENCES)])
    edges = [60, 220, 320, 420]
    canvas.grid(edges, [310, 328, 346, 364])
    for row, cells in enumerate(ROWS):
        for edge, cell in zip(edges, cells, strict=False):
            canvas.drawString(edge + 6, 351 - 18 * row, cell)
    canvas.drawRightString(552, 50, f"Page {page} of {pages}")
    canvas.showPage()


@cache
def text_pdf(pages: int = 3, title: str = "Referral") -> bytes:
    """A typed letter with letterhead, paragraphs and a table."""

    def draw(canvas: Canvas) -> None:
        canvas.setTitle(title)
        canvas.setAuthor("Jane Roe")
        for page in range(1, pages + 1):
            _letter(canvas, title, page, pages)

    return _pdf(draw)


@cache
def _paper(width: int, height: int, text: str, tint: int = 255) -> Image.Image:
    """A greyscale sheet with lines of writing, as a scanner or a camera sees it."""
    image = Image.new("L", (width, height), tint)
    draw = ImageDraw.Draw(image)
    size = max(10, width // 45)
    font = ImageFont.load_default(size)
    draw.text((width // 12, height // 20), f"Riverside Family Clinic    {text}", fill=20, font=font)
    for line, top in enumerate(range(height // 9, height * 7 // 10, size * 3 // 2)):
        draw.text((width // 12, top), SENTENCES[line % 5], fill=40, font=font)
    draw.rectangle((width // 12, height * 3 // 4, width * 11 // 12, height * 5 // 6), outline=30, width=3)
    return image


def scanned_page() -> Image.Image:
    """A sheet in grey, for tests that need a picture rather than a file."""
    return _paper(1275, 1650, "Scan").copy()


def _noisy(image: Image.Image) -> Image.Image:
    noise = Image.new("L", (256, 256))
    noise.putdata(random.Random(7).randbytes(256 * 256))
    return Image.blend(image, noise.resize(image.size).filter(ImageFilter.BLUR), 0.08)


@cache
def scanned_pdf(pages: int = 2) -> bytes:
    """What an office scanner makes: one greyscale JPEG of 150 dpi a page."""
    pdf = pikepdf.new()
    for page in range(1, pages + 1):
        jpeg = io.BytesIO()
        _noisy(_paper(1275, 1650, f"Scan {page}", 245)).save(jpeg, "JPEG", quality=60)
        shape = {"/Width": 1275, "/Height": 1650, "/BitsPerComponent": 8, "/ColorSpace": Name.DeviceGray}
        _image_page(pdf, jpeg.getvalue(), Name.DCTDecode, shape)
    return _saved(pdf)


def _image_page(pdf: pikepdf.Pdf, data: bytes, coding: pikepdf.Name, shape: dict[str, object]) -> None:
    image = pdf.make_stream(data, {"/Type": Name.XObject, "/Subtype": Name.Image, "/Filter": coding, **shape})
    page = pdf.add_blank_page(page_size=LETTER)
    page.Resources = Dictionary(XObject=Dictionary(Im0=image))
    page.Contents = pdf.make_stream(b"q 612 0 0 792 0 0 cm /Im0 Do Q")


@cache
def photo_jpeg(width: int = 1600, height: int = 1200, orientation: int = 1, mode: str = "RGB") -> bytes:
    """A phone's picture of a letter on a desk: 72 dpi in the header, the true direction in the EXIF orientation."""
    image = Image.merge("RGB", [Image.linear_gradient("L").resize((width, height))] * 3)
    sheet = _noisy(_paper(width * 4 // 5, height * 4 // 5, "Photo", 235))
    image.paste(
        Image.merge("RGB", (sheet, sheet, sheet.point(lambda value: value * 9 // 10))), (width // 10, height // 10)
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Pocket Camera"
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, "JPEG", quality=80, dpi=(72, 72), exif=exif)
    return buffer.getvalue()


@cache
def screenshot_png(alpha: bool = False) -> bytes:
    """A screen with a window on it, without a resolution; with `alpha` everything around the window is see-through."""
    image = Image.new("RGBA", (1280, 800), (0, 0, 0, 0) if alpha else (225, 230, 240, 255))
    image.paste(_paper(1000, 640, "Patient record").convert("RGBA"), (140, 80))
    ImageDraw.Draw(image).rectangle((140, 60, 1140, 80), fill=(30, 90, 180, 255))
    buffer = io.BytesIO()
    (image if alpha else image.convert("RGB")).save(buffer, "PNG")
    return buffer.getvalue()


@cache
def fax_tiff(pages: int = 2, compression: str = "group4") -> bytes:
    """A received fax: black and white, 204 x 196 dpi, one frame a page."""
    sheet = _paper(*FAX_SIZE, "Fax").convert("1", dither=Image.Dither.NONE)
    frames = [_stamped(sheet, f"P. {page:03}/{pages:03}") for page in range(1, pages + 1)]
    buffer = io.BytesIO()
    # 278 is RowsPerStrip: fax software writes each page in one piece.
    options = {"compression": compression, "dpi": FAX_DPI, "tiffinfo": {278: FAX_SIZE[1]}}
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], **options)
    return buffer.getvalue()


def _stamped(sheet: Image.Image, text: str) -> Image.Image:
    page = sheet.copy()
    ImageDraw.Draw(page).text((1300, 20), text, fill=0, font=ImageFont.load_default(40))
    return page


@cache
def encrypted_pdf(password: str = "open sesame") -> bytes:
    """Asks for a password before it shows anything."""
    with pikepdf.open(io.BytesIO(text_pdf())) as pdf:
        return _saved(pdf, pikepdf.Encryption(owner="owner", user=password))


@cache
def owner_locked_pdf() -> bytes:
    """Opens for everybody, but forbids printing and changes to who lacks the owner's password."""
    forbidden = pikepdf.Permissions(extract=False, modify_other=False, print_highres=False, print_lowres=False)
    with pikepdf.open(io.BytesIO(text_pdf())) as pdf:
        return _saved(pdf, pikepdf.Encryption(owner="owner", user="", allow=forbidden))


@cache
def broken_pdf() -> bytes:
    """Begins like a PDF; the rest is noise."""
    return b"%PDF-1.7\n" + random.Random(3).randbytes(4000)


@cache
def truncated_pdf(share: float = 0.5) -> bytes:
    """The first part of a scan, as an interrupted download leaves it."""
    whole = scanned_pdf()
    return whole[: int(len(whole) * share)]


@cache
def active_pdf() -> bytes:
    """One visible page with every kind of action and passenger that has no place in a fax."""
    with pikepdf.open(io.BytesIO(text_pdf(pages=1, title="Active"))) as pdf:
        script = Dictionary(S=Name.JavaScript, JS=String("app.alert('hello')"))
        launch = Dictionary(S=Name.Launch, F=String("calc.exe"))
        submit = Dictionary(S=Name.SubmitForm, F=String("https://example.org/collect"))
        pdf.attachments["secret.txt"] = b"attached secret"
        pdf.Root.OpenAction = script
        pdf.Root.AA = Dictionary(WC=script)
        pdf.Root.Names.JavaScript = Dictionary(Names=[String("run"), script])
        pdf.Root.Outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, A=launch))
        field = pdf.make_indirect(_widget("field", (60, 200, 260, 224), "seen"))
        field.AA = Dictionary(K=script)
        pdf.Root.AcroForm = Dictionary(
            Fields=[field],
            XFA=pdf.make_stream(b"<xdp/>"),
            CO=[field],
            DA=String("/Helv 12 Tf 0 g"),
            NeedAppearances=True,
        )
        page = pdf.pages[0]
        page.obj.AA = Dictionary(O=launch)
        page.obj.PieceInfo = Dictionary(Private=Dictionary(Note=String("draft")))
        page.obj.Annots = Array([field, *map(pdf.make_indirect, _active_annotations(pdf, script, launch, submit))])
        with pdf.open_metadata() as metadata:
            metadata["dc:creator"] = ["Jane Roe"]
        return _saved(pdf)


def _active_annotations(pdf: pikepdf.Pdf, *actions: Dictionary) -> list[Dictionary]:
    box = Array([300, 100, 340, 120])
    links = [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box, A=action) for action in actions]
    other = (
        Dictionary(S=Name.ImportData, F=String("data.fdf")),
        Dictionary(S=Name.GoToE, F=String("inner.pdf")),
        Dictionary(S=Name.GoToR, F=String("other.pdf")),
        Dictionary(S=Name.URI, URI=String("https://example.org/track")),
        Dictionary(S=Name.Rendition, JS=String("app.beep()")),
    )
    links += [Dictionary(Type=Name.Annot, Subtype=Name.Screen, Rect=box, A=action) for action in other]
    embedded = pdf.make_stream(b"attached secret", {"/Type": Name.EmbeddedFile})
    spec = Dictionary(Type=Name.Filespec, F=String("secret.txt"), EF=Dictionary(F=embedded))
    clip = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=box, FS=spec, AP=Dictionary())
    movie = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=box, RichMediaContent=Dictionary(Assets=spec))
    return [*links, clip, movie]


def _widget(
    name: str, box: tuple[int, int, int, int], value: str, flags: int = 4, multiline: bool = False
) -> Dictionary:
    return Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Tx,
        T=String(name),
        V=String(value),
        F=flags,
        Ff=4096 if multiline else 0,
        Rect=Array(box),
        DA=String("/Helv 12 Tf 0 g"),
    )


@cache
def form_pdf(need_appearances: bool = False) -> bytes:
    """A filled form: text, several lines, a ticked box, a choice, and one hidden field that says HIDDEN.

    With `need_appearances` the values are stored as data only, and whoever shows the form has to draw them.
    """

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(60, 735, "Registration form")
        form = canvas.acroForm
        form.textfield(name="name", x=160, y=690, width=220, height=24, value="Jane Roe")
        form.checkbox(name="insured", x=160, y=650, checked=True)
        form.choice(name="plan", x=160, y=610, width=120, height=24, value="Gold", options=["Gold", "Silver"])
        form.textfield(
            name="remarks",
            x=160,
            y=490,
            width=220,
            height=100,
            fieldFlags="multiline",
            value="Allergic to penicillin and to long forms that never wrap their lines\nCall after five",
        )
        form.textfield(name="hidden", x=160, y=440, width=220, height=24, value="HIDDEN", annotationFlags="hidden")

    data = _pdf(draw)
    return _without_appearances(data) if need_appearances else data


def _without_appearances(data: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for widget in pdf.pages[0].obj.Annots:
            if widget.FT != Name.Btn:
                del widget.AP
        pdf.Root.AcroForm.NeedAppearances = True
        return _saved(pdf)


def empty() -> bytes:
    return b""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def huge_dimension_png(width: int = 20_000, height: int = 20_000, colour: bool = False) -> bytes:
    """Some kilobytes that unpack to four hundred million black dots."""
    depth, kind, row = (8, 2, 3 * width) if colour else (1, 0, (width + 7) // 8)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + row)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


@cache
def many_frames_tiff(frames: int = 2000) -> bytes:
    """One byte of picture that a chain of directories shows again and again."""
    tags = ((256, 3, 8), (257, 3, 1), (258, 3, 1), (259, 3, 1), (262, 3, 1), (273, 4, 8), (278, 3, 1), (279, 4, 1))
    parts = [struct.pack("<2sHI", b"II", 42, 10), b"\xff\0"]
    length = 2 + 12 * len(tags) + 4
    for frame in range(frames):
        entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        following = 10 + (frame + 1) * length if frame + 1 < frames else 0
        parts.append(struct.pack("<H", len(tags)) + entries + struct.pack("<I", following))
    return b"".join(parts)


@cache
def big_pdf(bytes: int = 50_000_000, pages: int = 20) -> bytes:
    """Scans that no compression makes smaller; the file has at most `bytes`, and hardly less."""
    pdf = pikepdf.new()
    side = int(((bytes - 2000) / pages - 700) ** 0.5)
    noise = random.Random(11)
    for _ in range(pages):
        shape = {"/Width": side, "/Height": side, "/BitsPerComponent": 8, "/ColorSpace": Name.DeviceGray}
        _image_page(pdf, zlib.compress(noise.randbytes(side * side), 0), Name.FlateDecode, shape)
    return _saved(pdf)


@cache
def zip_renamed() -> bytes:
    """An archive with a letter stored in it as it is: the PDF's header stands within the first bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("letter.pdf"), text_pdf())
    return buffer.getvalue()


def html_renamed() -> bytes:
    return b"<!DOCTYPE html>\n<html><head><title>Referral</title></head><body><script>alert(1)</script></body></html>\n"
